"""`clearway demo`: a synthetic registry, a running service, real checks for every outcome, and the log they left."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import click
import grpc
import httpx
from rich.markup import escape
from rich.progress import Progress
from rich.rule import Rule

from clearway.catalogue.loader import load_catalogue
from clearway.cli.card import Card
from clearway.cli.connection import channel_to, check_service, error_document, words_of
from clearway.cli.demo_cases import aftermath
from clearway.cli.demo_lists import prepare_lists
from clearway.cli.demo_past import LENGTH, enter_past
from clearway.cli.demo_screen import CaseOnScreen, CaseScreen, Script
from clearway.cli.exits import Exit
from clearway.cli.health import SERVING, status_of
from clearway.cli.log import print_checks
from clearway.cli.output import console, errors, fail
from clearway.cli.registry import opened
from clearway.cli.settings import settings_from
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.card_service_pb2_grpc import CardServiceStub
from clearway.index.faults import IndexLocked
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.registry import commands
from clearway.registry.events import ObjectionGrounds
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of, name_of, write
from clearway.server.databases import open_log
from clearway.server.keys import load_keys
from clearway.server.logs import configure_logs
from clearway.server.settings import Settings
from clearway.server.supervisor import CannotServe, Node, stop_on_signals
from clearway.web.process import web_processes

WEB = "127.0.0.1:50080"
ITEM = "FOOD-OPERATION"
OFFICER = "demo-officer"
ESSENTIAL = ("APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF")
DEFERRABLE = ("LAYOUT-PLAN", "STAFF-HEALTH-CERTIFICATES")
DEFERRED = "Deferred acceptance: trusted, two materials may follow"
RESTRICTED = "Restriction: enhanced review"


@dataclass(frozen=True, slots=True)
class Scene:
    """One check worth seeing."""

    title: str
    code: str
    materials: tuple[str, ...] = field(default=ESSENTIAL + DEFERRABLE)
    language: str = "en"


SCENES = (
    Scene("Green channel: on a trusted list, nothing missing", code_of(Character.TRUSTED)),
    Scene("Green channel: three clean years, nothing missing", code_of(Character.CLEAN)),
    Scene(DEFERRED, code_of(Character.TRUSTED_MODEL), ESSENTIAL),
    Scene(RESTRICTED, code_of(Character.SERIOUS)),
    Scene("Restriction: a statutory bar", code_of(Character.BARRED)),
    Scene("Stayed: an open objection keeps the measure from being applied", code_of(Character.OBJECTING), ESSENTIAL),
    Scene("Expired: a listing past its term is neither applied nor shown", code_of(Character.EXPIRED), ESSENTIAL),
    Scene("Not listed", code_of(Character.UNKNOWN), ESSENTIAL),
    Scene("同一答复的中文版：从严审核", code_of(Character.SERIOUS), language="zh-CN"),
)


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Address to serve on (127.0.0.1:50051).")
@click.option("--web-listen", metavar="HOST:PORT", help=f"Address for HTTP ({WEB}).")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of all state (./var).")
@click.option("--subjects", default=100_000, show_default=True, help="How many synthetic subjects to load.")
@click.option("--once", is_flag=True, help="Leave after the show, instead of staying up.")
def demo(listen: str | None, web_listen: str | None, data_dir: Path | None, subjects: int, once: bool) -> None:
    """Load a synthetic registry, serve, show real checks, stay up."""
    settings = settings_from({"listen": listen, "web_listen": web_listen, "data_dir": data_dir, "log_level": "warning"})
    if not settings.web_listen:
        settings = settings.model_copy(update={"web_listen": WEB})
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    configure_logs(settings.log_level)
    stop = stop_on_signals()
    settings = prepared(settings, subjects)
    screen = CaseScreen()
    settings = settings.model_copy(update={"web_origins": with_origin(settings.web_origins, screen.origin)})

    def show(serving: Settings) -> None:
        wait_until_serving(serving.listen, stop)
        if not stop.is_set():
            play(serving)
            if once:
                stop.set()
            else:
                invite(serving)
                put_on_screen(screen, serving)

    try:
        Node(settings, beside=web_processes).run(stop, on_started=lambda serving: in_background(show, serving, stop))
    except CannotServe as fault:
        fail(str(fault), Exit.FAILED)


def in_background(show: Callable[[Settings], None], serving: Settings, stop: threading.Event) -> None:
    """Run the show beside the supervisor; a show that fails ends the demo."""

    def run() -> None:
        try:
            show(serving)
        except BaseException as fault:
            errors.print(f"[red]the demo stopped: {escape(str(fault) or type(fault).__name__)}[/]")
            stop.set()
            raise

    threading.Thread(target=run, name="clearway-demo", daemon=True).start()


def prepared(settings: Settings, subjects: int) -> Settings:
    """Fill the folder, unless this was done; gives the settings with the demonstration's feed, unless feeds are given.

    In the end the index is in step with the record. A node serves as soon as it can read an index, and answers
    “undetermined” from one of yesterday until its follower has looked: that is right, and no scene of ours.
    """
    keys, now = load_keys(settings), datetime.now(UTC)
    with opened(settings.data_dir) as registry:
        try:
            follower = Follower(registry.changes, IndexLayout(settings.data_dir), keys)
        except IndexLocked as fault:
            fail(f"another node runs from {settings.data_dir}: {fault}", Exit.FAILED)
        with follower:
            if registry.feed_runs("flat-csv", limit=1):
                console.print(f"Using the registry in {escape(str(settings.data_dir))}.")
            else:
                load(settings, registry, subjects, now - LENGTH)
                checks = enter_past(settings, follower, now)
                console.print(f"Entered {checks} checks of the {LENGTH.days} days before, not all of them followed up.")
                object_to(registry, now)
            if settings.feeds is None:
                feeds = prepare_lists(settings.data_dir, registry, settings.feeds_dir, now, today(settings, now))
                settings = settings.model_copy(update={"feeds": feeds})
            follower.step(time.time())
    return settings


def load(settings: Settings, registry: Registry, subjects: int, moment: datetime) -> None:
    """Import the synthetic registry, as of that moment."""
    file = settings.data_dir / "synthetic.csv"
    write(file, subjects, today(settings, moment))
    with Progress(console=errors, transient=True) as progress:
        task = progress.add_task("loading synthetic subjects", total=subjects)
        started = time.monotonic()
        registry.import_feed(
            "flat-csv",
            file,
            actor="demo",
            moment=moment,
            note="synthetic registry",
            progress=lambda rows, _: progress.update(task, completed=rows),
        )
    seconds = time.monotonic() - started
    file.unlink()
    console.print(f"Loaded {subjects:,} synthetic subjects in {seconds:.1f} s.")


def object_to(registry: Registry, now: datetime) -> None:
    """Open the objection of the scene that shows one."""
    listing_id = f"SYN-{Character.OBJECTING:08d}"
    objection = commands.OpenObjection(listing_id, "SYN-OBJ-1", ObjectionGrounds.WRONG)
    registry.execute(objection, actor="demo", moment=now, note="an objection to show")


def today(settings: Settings, now: datetime) -> date:
    """The day in the registry's zone."""
    return now.astimezone(load_catalogue(settings.catalogue).zone).date()


def wait_until_serving(address: str, stop: threading.Event, patience: float = 120.0) -> None:
    """Return when health says SERVING, or when `stop` is set. Raises TimeoutError after `patience` seconds."""
    last = time.monotonic() + patience
    while not stop.is_set() and status_of(address, timeout=1.0) != SERVING:
        if time.monotonic() >= last:
            raise TimeoutError(f"no service answered on {address} within {patience:.0f} s")
        stop.wait(0.1)


def play(serving: Settings) -> None:
    """Send the checks and print each answer as an officer would read it; then what follows, then the log rows."""
    asked: dict[str, pb.CheckSubjectRequest] = {}
    answered: dict[str, pb.CheckSubjectResponse] = {}
    with check_service(serving.listen) as stub:
        for number, scene in enumerate(SCENES, start=1):
            console.print(Rule(f"{number}. {scene.title}", align="left"))
            metadata = (("accept-language", scene.language),)
            asked[scene.title] = request_of(scene, number)
            answered[scene.title] = stub.CheckSubject(asked[scene.title], timeout=5, metadata=metadata)
            Card(answered[scene.title]).print(console)
        console.print(
            Rule(f"{len(SCENES) + 1}. An invalid code: a clear error, which is not “not listed”", align="left")
        )
        mistyped = Scene("", code_of(Character.SERIOUS).replace("0", "O", 1))
        try:
            stub.CheckSubject(request_of(mistyped, len(SCENES) + 1), timeout=5)
        except grpc.RpcError as error:
            console.print(escape(words_of(error_document(error)["error"])), style="red")
    with aftermath(serving.listen, asked, answered, OFFICER) as cases:
        cases.show(len(SCENES) + 2, restricted=RESTRICTED, deferred=DEFERRED)
    console.print(Rule("The log: every one of these checks, on disk before its answer left", align="left"))
    print_checks(rows_left(serving))


def with_origin(origins: str, further: str) -> str:
    """The origins that were set, and another one."""
    return ",".join(filter(None, (origins, further)))


def put_on_screen(screen: CaseScreen, serving: Settings) -> None:
    """Ask once more in cases that nobody has acted in, show their cards in somebody else's page, and say where."""
    server = f"http://{serving.web_listen}"
    # The web process starts beside the workers, and may come up after them.
    with httpx.Client(transport=httpx.HTTPTransport(retries=6), trust_env=False, timeout=5) as http:
        script = Script(**http.get(f"{server}/card-assets.json").json())
    cases = {}
    with check_service(serving.listen) as stub:
        for number, scene in enumerate(SCENES, start=1):
            request = request_of(scene, number)
            request.case_number += "-SCREEN"
            answer = stub.CheckSubject(request, timeout=5, metadata=(("accept-language", scene.language),))
            cases[str(number)] = CaseOnScreen(scene.title, answer.check_id, scene.language)

    def grant(request: card_pb.GrantViewRequest) -> card_pb.GrantViewResponse:
        with channel_to(serving.listen) as channel:
            return CardServiceStub(channel).GrantView(request, timeout=5)

    screen.serve(server, script, grant, cases)
    number = [scene.title for scene in SCENES].index(RESTRICTED) + 1
    console.print(f"The officer's card in a licensing system's page: {screen.origin}/{number}", soft_wrap=True)
    console.print(f"The auditor's console: {server}/console", soft_wrap=True)


def request_of(scene: Scene, number: int) -> pb.CheckSubjectRequest:
    """The check of a scene."""
    request = pb.CheckSubjectRequest(
        item_code=ITEM,
        application_kind=pb.APPLICATION_KIND_NEW,
        case_number=f"DEMO-{number:04d}",
        officer=OFFICER,
        supplied_materials=scene.materials,
    )
    request.subject.identifier.scheme = "cn-uscc"
    request.subject.identifier.value = scene.code
    return request


def rows_left(serving: Settings) -> Iterator[CheckRecord]:
    """The rows that the show left, oldest first."""
    log = Log(open_log(serving), serving.data_dir / "journal")
    return (stored.record for stored in reversed(log.newest(limit=len(SCENES) + 2)))


def invite(serving: Settings) -> None:
    """Say what to try next."""
    console.print(Rule("Clearway stays up. Try, in another terminal, from this folder:", align="left"))
    code = code_of(Character.TRUSTED_MODEL)
    console.print(
        f"  .venv/bin/clearway check --scheme cn-uscc --id {code} --item {ITEM} --case MY-1 --officer me \\\n"
        f"      {' '.join(f'--material {material}' for material in ESSENTIAL)}",
        soft_wrap=True,
    )
    name = name_of(Character.SERIOUS)
    console.print(f"  .venv/bin/clearway check --name {name} --item {ITEM} --case MY-2 --officer me", soft_wrap=True)
    console.print("  .venv/bin/clearway log list", soft_wrap=True)
    console.print(f"  {curl(serving)}", soft_wrap=True)
    where = f"{serving.listen} and http://{serving.web_listen}"
    folder = escape(str(serving.data_dir))
    console.print(f"[dim]Serving on {where}, data in {folder}. Ctrl-C stops it.[/]", soft_wrap=True)


def curl(serving: Settings) -> str:
    """A check over HTTP, as a command."""
    subject = {"identifier": {"scheme": "cn-uscc", "value": code_of(Character.SERIOUS)}}
    purpose = {"itemCode": ITEM, "applicationKind": "APPLICATION_KIND_NEW", "caseNumber": "MY-3", "officer": "me"}
    body = json.dumps({"subject": subject} | purpose)
    address = f"http://{serving.web_listen}/clearway.v1.CheckService/CheckSubject"
    return escape(f"curl -s -H 'content-type: application/json' -d '{body}' {address}")
