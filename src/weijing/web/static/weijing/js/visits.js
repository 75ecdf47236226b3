/* Door visits on an officer's pages: what waits on this phone, and the sheet they are noted in.
   Every page works without this file. */
(function () {
  "use strict";
  var doc = document, here = doc.getElementById("queue"), walk = doc.getElementById("walk");
  if (!here || !window.indexedDB) return;
  /* The page for no network is nobody's: there it is the officer whose lists this phone keeps. */
  var me = here.dataset.officer || localStorage.getItem("weijing-officer"), queue = window.visitQueue;
  if (here.dataset.officer) localStorage.setItem("weijing-officer", me);
  var seen = Number(walk && walk.dataset.seen), sheet = doc.getElementById("visit"), at = null;
  var form = doc.getElementById("visit-form"), trouble = "", plain = new Map();
  var NOTES = ["waiting", "signed-out", "no-right", "somebody-else", "trouble", "others", "leaving"], AGAIN = 15000, DAY = 864e5;
  var GOING = "这一户的走访正在上传或已经上传，请在住户页改。";

  function all(selector) { return Array.from(doc.querySelectorAll(selector)); }
  function part(name, root) { return (root || here).querySelector("[data-" + name + "]"); }
  function cookie(name) { return (new RegExp("(?:^|; )" + name + "=([^;]*)").exec(doc.cookie) || [])[1] || ""; }
  function say(text) { doc.dispatchEvent(new CustomEvent("toast", { detail: { text: text } })); }
  function copy(name, root) { return part(name, root).content.firstElementChild.cloneNode(true); }
  function waits(row) { return !row.sent && row.officer === me; }

  async function send() {
    var done = await queue.send(me);
    if (done) trouble = done.trouble;
    if (done && done.sent) tell({ again: true });
    await show();
  }

  /* What is shown: how much waits, what the server told, and each door as this phone knows it. */
  function reveal(name, count) {
    part(name).hidden = !count;
    var number = part("count", part(name));
    if (number) number.textContent = count;
  }
  async function show() {
    var found = await queue.rows(), waiting = found.filter(waits);
    found.forEach(function (row) { if (row.sent && !row.told && Date.now() - row.sent > DAY) queue.drop(row.key); });
    reveal("waiting", waiting.length);
    reveal("signed-out", waiting.length && trouble === "signed-out");
    reveal("no-right", waiting.length && trouble === "no-right");
    reveal("somebody-else", waiting.length && trouble === "somebody-else");
    reveal("trouble", waiting.length && trouble === "trouble");
    reveal("others", found.filter(function (row) { return !row.sent && row.officer !== me; }).length);
    if (!found.some(queue.isKept)) reveal("leaving", 0);
    list("no-right-lines", waiting);
    var told = found.filter(function (row) { return row.told && row.officer === me; });
    part("told").replaceChildren.apply(part("told"), told.map(telling));
    here.hidden = !told.length && NOTES.every(function (name) { return part(name).hidden; });
    found.forEach(function (row) { if (row.officer === me) mark(row); });
  }
  function list(name, some) {
    part(name).replaceChildren.apply(part(name), some.map(function (row) {
      var line = doc.createElement("li");
      line.textContent = queue.describe(row);
      return line;
    }));
  }
  function telling(row) {
    var line = copy("tell");
    part("where", line).textContent = row.where;
    part("words", line).textContent = row.told;
    part("noted", line).hidden = !row.bad;
    part("noted-text", line).textContent = queue.describe(row);
    part("read", line).onclick = function () { queue.put(Object.assign(row, { told: "" })).then(show); };
    return line;
  }
  function mark(row) {
    var door = doc.querySelector('[data-door="' + row.household + '"]');
    if (!door || row.bad || row.sent && row.recorded < seen) return;
    if (!plain.has(door)) plain.set(door, door.innerHTML);
    var state = part("state", door);
    state.replaceChildren(copy("badge"));
    if (row.sent) state.firstChild.textContent = row.word;
    door.querySelector(".cell").classList.toggle("cell--quiet", row.outcome === "refused");
    var note = part("found", door) || door.querySelector(".cell__text").appendChild(doc.createElement("span"));
    note.className = "cell__side";
    note.dataset.found = "";
    note.textContent = row.sent ? "" : row.word;
  }

  /* The sheet: a door is tapped, what was found is chosen, the phone has it. */
  async function open(door, link) {
    var own = (await queue.rows()).filter(function (row) { return row.household === door.dataset.door && waits(row); }).pop();
    if (own && queue.isGoing(own.key)) return say(GOING);
    at = { door: door, link: link, own: own };
    form.reset();
    if (own) form.elements.outcome.value = own.outcome;
    form.elements.note.value = own ? own.note : "";
    part("where", form).textContent = door.dataset.label;
    part("missing", form).hidden = true;
    part("remove", sheet).hidden = !own || own.tried;
    part("home", sheet).href = "/o/grid/households/" + door.dataset.door + "/";
    part("code", sheet).href = part("home", sheet).href + "code/";
    location.hash = "visit";
  }
  /* What was only here is changed here. What the server may have is sent again as a change. */
  async function keep() {
    var chosen = form.querySelector("[name=outcome]:checked");
    part("missing", form).hidden = Boolean(chosen);
    if (!chosen) return;
    var row = { outcome: chosen.value, word: chosen.parentNode.textContent.trim(), note: form.elements.note.value };
    var before = at.own ? await stillHere() : {
      key: queue.newKey(), officer: me, household: at.door.dataset.door, where: at.door.dataset.label,
      url: at.link.pathname, at: Date.now(), seen: seen,
    };
    if (!before) return;
    try {
      await queue.put(Object.assign(before, row, { changed: before.tried }));
    } catch (full) {
      return say("没存住：手机不让存。请连上网络后再登记。");
    }
    location.hash = "_";
    await show();
    send();
  }
  async function stillHere() {
    var now = (await queue.rows()).find(function (row) { return row.key === at.own.key; });
    if (now && !now.sent && !queue.isGoing(now.key)) return now;
    say(GOING);
    location.hash = "_";
    return null;
  }
  async function remove() {
    var now = await stillHere();
    if (!now || now.tried) return;
    await queue.drop(now.key);
    at.door.innerHTML = plain.get(at.door);
    at.link = at.door.querySelector("a");
    location.hash = "_";
    await show();
  }
  if (sheet) {
    doc.addEventListener("click", function (event) {
      var link = event.target.closest("[data-door] a");
      if (!link || link.closest("[data-in-peace]")) return;
      event.preventDefault();
      open(link.closest("[data-door]"), link).catch(function () { location.href = link.href; });
    });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      keep();
    });
    part("remove", sheet).onclick = remove;
    addEventListener("hashchange", function () { if (at && location.hash !== "#visit") at.link.focus(); });
  }
  part("send").onclick = send;

  /* The worker keeps the lists this page shows or links to. */
  function tell(what) {
    if (navigator.serviceWorker) navigator.serviceWorker.ready.then(function (ours) { ours.active.postMessage(what); });
  }
  if (navigator.serviceWorker && here.dataset.officer) {
    navigator.serviceWorker.register(here.dataset.worker, { scope: "/o/" }).catch(function () {});
    var lists = all("a[data-keep]").map(function (link) { return link.href; });
    if (walk && !doc.documentElement.hasAttribute("data-kept")) lists.push(location.href);
    if (lists.length) tell({ keep: lists });
  }
  async function listKept() {
    var lists = part("kept-lists", doc), kept = await caches.open("weijing-lists");
    for (var request of await kept.keys()) {
      var page = new DOMParser().parseFromString(await (await kept.match(request)).text(), "text/html");
      var line = copy("kept-list", doc);
      line.firstChild.href = request.url;
      line.querySelector(".cell__main").textContent = page.getElementById("walk").dataset.walk;
      lists.appendChild(line);
      part("no-list", doc).hidden = true;
    }
  }
  if (part("kept-lists", doc) && window.caches) listKept();

  /* A page out of the cache does not know the size of type chosen since. */
  if (cookie("weijing_size")) doc.documentElement.dataset.size = cookie("weijing_size");
  doc.addEventListener("visits-sent", show);
  addEventListener("online", send);
  doc.addEventListener("visibilitychange", function () { if (!doc.hidden) send(); });
  setInterval(function () { if (!part("waiting").hidden) send(); }, AGAIN);
  send();
})();
