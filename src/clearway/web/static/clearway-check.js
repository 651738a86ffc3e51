/* <clearway-check server="https://clearway.example" check-id="…" token="…" lang="zh-CN"></clearway-check>

   Shows the officer's card of one check, records what the officer does there, and says when the answer has changed.
   The card is rendered by the server; this puts it into the page and keeps it in step. Attributes: `check-id`; `token`,
   a view token; `server`, by default where this script came from; `lang` for what is said before the card is there;
   `theme`, light or dark, by default as the reader's system has it.

   Events, which bubble: `clearway-shown`, `clearway-changed` {changeId}, `clearway-recorded` {act}, and
   `clearway-expired`, as soon as the view's time is over: set another `token`, and the card comes back. What an officer
   has written stays through all of it.                                                                                 */

const STYLE = "the style goes here";
const HERE = new URL(import.meta.url).origin;
const SLOW = 2000;       // milliseconds after which the wait is put in words
const PATIENCE = 15000;  // after which it is given up
const WORDS = {
  en: {
    title: "Check before approval", loading: "Loading the check …",
    slow: "This takes longer than it should. The check is on the record; the card will appear here.",
    unavailable: "The check cannot be shown now",
    hand: "It is on the record. Until it can be shown, go on by hand. This is no clear answer.", retry: "Try again",
    missing: "This page names no check", token: "check-id and token are needed.",
    unsure: "It is not certain that this was recorded. Send it again: it is recorded once.",
    ended: "The view has ended, and this was not recorded. What you have written stays here.",
    unread: "This was not recorded: what was sent could not be read.",
    changed: "This answer has changed since", show: "Show the change",
  },
  "zh-CN": {
    title: "审批前核查", loading: "正在载入核查结果……",
    slow: "载入时间较长。核查已有记录，结果将显示在此处。",
    unavailable: "暂时无法显示核查结果",
    hand: "核查已有记录。在能够显示之前，请人工办理。这不代表无记录。", retry: "重试",
    missing: "页面未指明核查", token: "需要 check-id 与 token。",
    unsure: "无法确定是否已记录。请再次提交，重复提交只记录一次。",
    ended: "查看时限已到，本次未记录。已填写的内容仍保留。",
    unread: "未记录：提交的内容无法读取。",
    changed: "答复已发生变化", show: "查看变化",
  },
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

class ClearwayCheck extends HTMLElement {
  static observedAttributes = ["check-id", "token", "server", "theme"];

  #root = this.attachShadow({ mode: "open" });
  #place = element("div", "cw-place", "");
  #live = element("div", "cw-live", "");
  #watching = null;
  #shown = null;
  #turn = 0;
  #due = false;
  #ends = 0;
  #kept = [];

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
    // Stays while cards come and go, so that a screen reader says what is put into it.
    this.#live.setAttribute("aria-live", "polite");
    this.#root.append(this.#live, this.#place);
    this.#root.addEventListener("submit", (event) => this.#submit(event));
    this.#root.addEventListener("click", (event) => event.target.closest("[data-retry]") && this.load());
  }

  get checkId() { return this.getAttribute("check-id") ?? ""; }
  get token() { return this.getAttribute("token") ?? ""; }
  set token(value) { this.setAttribute("token", value); }
  get server() { return (this.getAttribute("server") || HERE).replace(/\/+$/, ""); }

  connectedCallback() {
    const rendered = this.querySelector(":scope > .cw");
    if (rendered) { this.#adopt(rendered); this.#due = false; } else { this.#loadSoon(); }
  }

  disconnectedCallback() { this.#stop(); }

  attributeChangedCallback(name, before, after) {
    if (name === "theme") { this.#dress(this.#place.querySelector(".cw")); return; }
    if (this.isConnected && before !== after) this.#loadSoon();
  }

  /** Load once, when whatever sets the attributes is done with them. */
  #loadSoon() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      if (this.#due && this.isConnected) this.load();
      this.#due = false;
    });
  }

  /** Fetch the card anew. */
  async load() {
    const turn = ++this.#turn;
    this.#stop();
    if (!this.checkId || !this.token) { this.#say("missing", this.#words.missing, this.#words.token); return; }
    if (!this.#shown) this.#wait(this.#words.loading);
    const slow = setTimeout(() => !this.#shown && turn === this.#turn && this.#wait(this.#words.slow), SLOW);
    try {
      const answer = await this.#ask("content", {});
      if (turn === this.#turn) this.#show(answer.status, cardIn(await answer.text()));
    } catch {
      if (turn === this.#turn) this.#unavailable();
    } finally {
      clearTimeout(slow);
    }
  }

  get #words() {
    const wanted = this.#shown?.lang || this.closest("[lang]")?.lang || document.documentElement.lang || navigator.language;
    return WORDS[/^zh/i.test(wanted) ? "zh-CN" : "en"];
  }

  get #lang() { return this.#words === WORDS.en ? "en" : "zh-CN"; }

  #ask(what, init) {
    const headers = { authorization: `View ${this.token}`, "accept-language": this.#lang, ...init.headers };
    const signal = init.signal ?? AbortSignal.timeout(PATIENCE);
    const address = `${this.server}/card/${encodeURIComponent(this.checkId)}/${what}`;
    return fetch(address, { ...init, headers, signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
  }

  #adopt(rendered) {
    this.#put(rendered);
    this.replaceChildren();
  }

  /** Show what came; `recorded` is the act of the form that was recorded, and so is written no longer. */
  #show(status, card, recorded = "") {
    if (!card) { this.#unavailable(); return; }
    this.#kept = this.#written().filter((one) => one.act !== recorded);
    this.#put(card);
    if (status === 401) this.#tell("clearway-expired", { state: card.dataset.state ?? "" });
  }

  #put(card) {
    const trouble = "state" in card.dataset;
    const inside = this.#root.activeElement !== null;
    for (const link of card.querySelectorAll('a[href^="/"]')) link.href = this.server + link.getAttribute("href");
    this.#dress(card);
    this.#place.replaceChildren(card);
    if (card.dataset.state === "unavailable") this.#offerRetry();
    this.#shown = trouble ? null : card;
    if (!trouble) this.#writeAgain(card);
    this.#focus(card, inside);
    if (!trouble) { this.#tell("clearway-shown", {}); this.#watch(card.dataset.change); this.#expireLater(card); }
  }

  /** Who was at work in the card is not thrown out of it when another takes its place. */
  #focus(card, inside) {
    const place = card.querySelector("[data-focus]") ?? (inside ? card.querySelector(".cw-changed, .cw-title") : null);
    if (place && !place.hasAttribute("tabindex")) place.tabIndex = -1;
    place?.focus();
  }

  /** Say so when the view's time is over, not only when something is tried. */
  #expireLater(card) {
    const left = Number(card.dataset.left);
    if (left > 0) this.#ends = setTimeout(() => this.#tell("clearway-expired", { state: "expired" }), left * 1000);
  }

  #dress(card) {
    const theme = this.getAttribute("theme");
    if (card && theme) card.dataset.theme = theme; else if (card) delete card.dataset.theme;
  }

  #offerRetry() {
    const retry = element("button", "cw-button", this.#words.retry);
    retry.type = "button";
    retry.dataset.retry = "";
    this.#place.querySelector(".cw-head").append(retry);
  }

  async #submit(event) {
    const form = event.target;
    event.preventDefault();
    const act = form.dataset.act;
    const body = new URLSearchParams(new FormData(form));
    body.delete("view");
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await this.#ask(act, { method: "POST", body });
      const card = cardIn(await answer.text());
      if (!answer.ok && (!card || "state" in card.dataset)) { this.#notRecorded(form, answer.status); return; }
      this.#show(answer.status, card, answer.ok ? act : "");
      if (answer.ok) this.#tell("clearway-recorded", { act });
    } catch {
      this.#problem(form, this.#words.unsure);
    } finally {
      button.disabled = false;
    }
  }

  /** No card came back: the one that is there stays, with what is written in it. */
  #notRecorded(form, status) {
    const ended = status === 401;
    this.#problem(form, ended ? this.#words.ended : status < 500 ? this.#words.unread : this.#words.unsure);
    if (ended) this.#tell("clearway-expired", { state: "expired" });
  }

  /** Follow the answer: the server names its last change, at first and whenever there is another one. */
  async #watch(seen) {
    this.#stop();
    const watching = (this.#watching = new AbortController());
    let pause = 500;
    while (!watching.signal.aborted) {
      try {
        const stream = await this.#ask("changes", { signal: watching.signal });
        if (stream.status === 401) { this.load(); return; }
        if (!stream.ok) throw new Error();
        for await (const changeId of eventsOf(stream.body)) {
          pause = 500;
          if (changeId !== seen && !watching.signal.aborted) {
            this.#tell("clearway-changed", { changeId });
            this.#live.textContent = this.#words.changed;
            if (!this.#writing()) { this.load(); return; }
            seen = changeId;
            this.#shown?.prepend(this.#hint());
          }
        }
      } catch { /* a lost stream is asked for again */ }
      await new Promise((done) => setTimeout(done, pause));
      pause = Math.min(pause * 2, 30000);
    }
  }

  /** Whether the officer has begun to fill something in, which must not vanish under their hands. */
  #writing() { return this.#written().length > 0; }

  /** The fields that are filled in: what a refused form was given back counts, though it stands there by default. */
  #written() {
    const written = [];
    const again = this.#place.querySelector(".cw-problem") !== null;
    for (const form of this.#place.querySelectorAll("form[data-act]")) {
      for (const field of form.querySelectorAll("input:not([type=hidden],:disabled), select, textarea")) {
        const chosen = field.type === "radio" || field.type === "checkbox";
        const filled = chosen
          ? field.checked && (again || !field.defaultChecked)
          : field.tagName === "SELECT" ? field.selectedIndex > 0 : field.value !== (again ? "" : field.defaultValue);
        if (filled) written.push({ act: form.dataset.act, name: field.name, value: field.value, chosen });
      }
      const report = form.querySelector('[name="report"]');
      // Sent again from another card, it is still the same report.
      if (report && written.length) written.push({ act: form.dataset.act, name: "report", value: report.value, chosen: false });
    }
    return written.length ? written : this.#shown ? [] : this.#kept;
  }

  /** Put what was written into the card that takes the other's place. */
  #writeAgain(card) {
    for (const { act, name, value, chosen } of this.#kept) {
      const form = card.querySelector(`form[data-act="${act}"]`);
      const fields = form ? [...form.elements].filter((field) => field.name === name && !field.disabled) : [];
      const field = chosen ? fields.find((one) => one.value === value) : fields[0];
      if (field && chosen) field.checked = true; else if (field) field.value = value;
    }
    this.#kept = [];
  }

  #hint() {
    const hint = element("div", "cw-changed", "");
    hint.append(element("strong", "", this.#words.changed));
    const button = element("button", "cw-button", this.#words.show);
    button.type = "button";
    button.dataset.retry = "";
    hint.append(document.createElement("br"), button);
    return hint;
  }

  #stop() { this.#watching?.abort(); this.#watching = null; clearTimeout(this.#ends); }

  #wait(text) {
    const card = this.#frame("loading", this.#words.title, text);
    for (let bar = 0; bar < 3; bar++) card.firstChild.append(element("div", "cw-bar", ""));
    this.#place.replaceChildren(card);
  }

  #unavailable() {
    this.#say("unavailable", this.#words.unavailable, this.#words.hand);
    this.#offerRetry();
  }

  #problem(form, text) {
    form.querySelector(".cw-problem")?.remove();
    const problem = element("p", "cw-problem", text);
    problem.setAttribute("role", "alert");
    form.append(problem);
  }

  #say(state, title, text) {
    this.#kept = this.#written();
    this.#shown = null;
    this.#place.replaceChildren(this.#frame(state, title, text));
  }

  #frame(state, title, text) {
    const card = element("section", "cw cw-trouble", "");
    card.dataset.state = state;
    card.lang = this.#lang;
    this.#dress(card);
    const head = element("div", "cw-head", "");
    const lede = element("p", "cw-lede", text);
    lede.setAttribute("role", "status");
    head.append(element("h1", "cw-title", title), lede);
    card.append(head);
    return card;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail: { checkId: this.checkId, ...detail } }));
  }
}

/** The card in an answer. Rendered by our own server, every value escaped there; a script in it would not run. */
function cardIn(html) {
  const content = document.createElement("template");
  content.innerHTML = html;
  return content.content.querySelector(".cw");
}

function element(name, kind, text) {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) if (event.startsWith("data:")) yield event.slice(5).trim();
  }
}

customElements.define("clearway-check", ClearwayCheck);
