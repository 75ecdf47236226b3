/* Signing out wipes this browser: not before the door visits kept in it are sent. What cannot be
   sent is shown; the second time it is meant. A page with visit-queue.js and a [data-leaving]. */
(function () {
  "use strict";
  var doc = document, queue = window.visitQueue, warning = doc.querySelector("[data-leaving]");
  if (!queue || !warning || !window.indexedDB) return;

  function warn(kept) {
    var list = warning.querySelector("[data-lines]");
    warning.querySelector("[data-count]").textContent = kept.length;
    list.replaceChildren.apply(list, kept.map(function (row) {
      var line = doc.createElement("li");
      line.textContent = queue.describe(row);
      return line;
    }));
    warning.hidden = warning.parentNode.hidden = false;
    warning.scrollIntoView({ block: "center" });
  }
  doc.addEventListener("submit", async function (event) {
    var leaving = event.target, kept = [];
    if (leaving.getAttribute("action") !== "/sign-out/" || leaving.dataset.sure) return;
    event.preventDefault();
    leaving.dataset.sure = "1";
    try {
      await queue.send(warning.dataset.leaving);
      doc.dispatchEvent(new Event("visits-sent"));
      kept = (await queue.rows()).filter(queue.isKept);
    } catch (broken) { /* A browser that keeps nothing has nothing to lose. */ }
    if (!kept.length) return leaving.submit();
    warn(kept);
    leaving.querySelector("button").textContent = "仍要退出，丢掉 " + kept.length + " 户走访";
  });
})();
