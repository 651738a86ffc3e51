/* A page that is made to be printed: at once where its address says so, and by its button. Without a script the
   browser's own menu prints it.                                                                                    */

const button = document.querySelector("[data-print]");
button.hidden = false;
button.addEventListener("click", () => print());
// The next reload is not another print-out.
if (location.hash === "#print") {
  history.replaceState(null, "", location.pathname + location.search);
  print();
}
