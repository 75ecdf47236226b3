/* Door visits that this phone keeps until the server has them. Every page works without this file. */
(function () {
  "use strict";
  var doc = document, here = doc.getElementById("queue"), walk = doc.getElementById("walk");
  if (!here || !window.indexedDB) return;
  /* The page for no network is nobody's: there it is the officer whose lists this phone keeps. */
  var me = here.dataset.officer || localStorage.getItem("weijing-officer"), plain = new Map();
  if (here.dataset.officer) localStorage.setItem("weijing-officer", me);
  var seen = Number(walk && walk.dataset.seen), sheet = doc.getElementById("visit");
  var form = doc.getElementById("visit-form"), at = null, busy = false, trouble = "";
  var NOTES = ["waiting", "signed-out", "trouble", "others", "leaving"];
  var PATIENCE = 20000, AGAIN = 15000, DAY = 864e5;

  function all(selector, root) { return Array.from((root || doc).querySelectorAll(selector)); }
  function part(name, root) { return (root || here).querySelector("[data-" + name + "]"); }
  function cookie(name) { return (new RegExp("(?:^|; )" + name + "=([^;]*)").exec(doc.cookie) || [])[1] || ""; }
  function say(text) { doc.dispatchEvent(new CustomEvent("toast", { detail: { text: text } })); }
  function copy(name, root) { return part(name, root).content.firstElementChild.cloneNode(true); }

  /* One row for each visit: key, officer, url, where, household, outcome, word, note, at, seen;
     then tried, sent, recorded, told. No names, no phones. */
  var opened = null;
  function db() {
    opened = opened || new Promise(function (yes, no) {
      var asked = indexedDB.open("weijing-visits", 1);
      asked.onupgradeneeded = function () { asked.result.createObjectStore("visits", { keyPath: "key" }); };
      asked.onsuccess = function () { yes(asked.result); };
      asked.onerror = function () { no(asked.error); };
    });
    return opened;
  }
  async function store(mode, act) {
    var turn = (await db()).transaction("visits", mode), asked = act(turn.objectStore("visits"));
    return new Promise(function (yes, no) {
      turn.oncomplete = function () { yes(asked.result); };
      turn.onabort = turn.onerror = function () { no(turn.error); };
    });
  }
  function put(row) { return store("readwrite", function (visits) { return visits.put(row); }); }
  function drop(key) { return store("readwrite", function (visits) { return visits.delete(key); }); }
  async function rows() {
    var found = await store("readonly", function (visits) { return visits.getAll(); });
    return found.sort(function (a, b) { return a.at - b.at; });
  }
  function newKey() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    return Array.from(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  }

  /* Sending: one at a time, each until the server says that it has it. A lost answer is asked for
     again with the same key. */
  async function post(row) {
    var stop = new AbortController(), late = setTimeout(function () { stop.abort(); }, PATIENCE);
    var said = {
      key: row.key, officer: row.officer, outcome: row.outcome, note: row.note, seen: row.seen,
      seconds_ago: Math.max(0, Math.round((Date.now() - row.at) / 1000)),
    };
    try {
      var answer = await fetch(row.url, {
        method: "POST", redirect: "manual", signal: stop.signal, body: new URLSearchParams(said),
        headers: { Accept: "application/json", "X-CSRFToken": cookie("csrftoken") },
      });
      if (answer.type === "opaqueredirect" || [403, 409].includes(answer.status)) return { trouble: "signed-out" };
      if (answer.status >= 500) return { trouble: "trouble" };
      return await answer.json();
    } catch (silence) {
      return { trouble: "silence" };
    } finally {
      clearTimeout(late);
    }
  }
  async function send() {
    if (busy || navigator.onLine === false) return;
    busy = true;
    var sent = 0;
    trouble = "";
    try {
      for (var row of (await rows()).filter(waits)) {
        row.tried = true;
        await put(row);
        var answer = await post(row);
        if (!answer.is_settled) { trouble = answer.trouble || "trouble"; break; }
        sent += 1;
        await put(Object.assign(row, {
          sent: Date.now(), recorded: answer.recorded_at, bad: !answer.is_recorded, told: answer.told,
        }));
      }
    } finally {
      busy = false;
    }
    if (sent) tell({ again: true });
    await show();
  }
  function waits(row) { return !row.sent && row.officer === me; }

  /* What is shown: how much waits, what the server told, and each door as this phone knows it. */
  function reveal(name, count) {
    part(name).hidden = !count;
    var number = part("count", part(name));
    if (number) number.textContent = count;
  }
  async function show() {
    var found = await rows(), waiting = found.filter(waits);
    found.forEach(function (row) { if (row.sent && !row.told && Date.now() - row.sent > DAY) drop(row.key); });
    reveal("waiting", waiting.length);
    reveal("signed-out", waiting.length && trouble === "signed-out");
    reveal("trouble", waiting.length && trouble === "trouble");
    reveal("others", found.filter(function (row) { return !row.sent && row.officer !== me; }).length);
    if (!waiting.length) reveal("leaving", 0);
    var told = found.filter(function (row) { return row.told && row.officer === me; });
    part("told").replaceChildren.apply(part("told"), told.map(telling));
    here.hidden = !told.length && NOTES.every(function (name) { return part(name).hidden; });
    found.forEach(function (row) { if (row.officer === me) mark(row); });
    return found;
  }
  function telling(row) {
    var line = copy("tell");
    part("where", line).textContent = row.where;
    part("words", line).textContent = row.told;
    part("read", line).onclick = function () { put(Object.assign(row, { told: "" })).then(show); };
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
    var own = (await rows()).filter(function (row) { return row.household === door.dataset.door && waits(row); }).pop();
    if (own && own.tried) return say("这一户的走访正在上传，传完在住户页改。");
    at = { door: door, link: link, own: own };
    form.reset();
    if (own) form.elements.outcome.value = own.outcome;
    form.elements.note.value = own ? own.note : "";
    part("where", form).textContent = door.dataset.label;
    part("missing", form).hidden = true;
    part("remove", sheet).hidden = !own;
    part("home", sheet).href = "/o/grid/households/" + door.dataset.door + "/";
    location.hash = "visit";
  }
  async function keep() {
    var chosen = form.querySelector("[name=outcome]:checked");
    part("missing", form).hidden = Boolean(chosen);
    if (!chosen) return;
    try {
      await put({
        key: newKey(), officer: me, household: at.door.dataset.door, where: at.door.dataset.label,
        url: at.link.pathname, outcome: chosen.value, word: chosen.parentNode.textContent.trim(),
        note: form.elements.note.value, at: Date.now(), seen: seen,
      });
      if (at.own) await drop(at.own.key);
    } catch (full) {
      return say("没存住：手机不让存。请连上网络后再登记。");
    }
    location.hash = "_";
    await show();
    send();
  }
  if (sheet) doc.addEventListener("click", function (event) {
    var link = event.target.closest("[data-door] a");
    if (!link || link.closest("[data-in-peace]")) return;
    event.preventDefault();
    open(link.closest("[data-door]"), link).catch(function () { location.href = link.href; });
  });
  if (sheet) form.addEventListener("submit", function (event) {
    event.preventDefault();
    keep();
  });
  async function remove() {
    await drop(at.own.key);
    at.door.innerHTML = plain.get(at.door);
    at.link = at.door.querySelector("a");
    location.hash = "_";
    await show();
  }
  if (sheet) part("remove", sheet).onclick = remove;
  addEventListener("hashchange", function () { if (at && location.hash !== "#visit") at.link.focus(); });
  part("send").onclick = send;

  /* Signing out wipes the phone: not before everything is sent. The second time it is meant. */
  doc.addEventListener("submit", function (event) {
    var leaving = event.target;
    if (leaving.getAttribute("action") !== "/sign-out/" || leaving.dataset.sure) return;
    event.preventDefault();
    send().then(rows).then(function (found) {
      var left = found.filter(function (row) { return !row.sent; }).length;
      leaving.dataset.sure = "1";
      if (!left) return leaving.submit();
      reveal("leaving", left);
      here.hidden = false;
      leaving.querySelector("button").textContent = "仍要退出，丢掉 " + left + " 户走访";
      here.scrollIntoView();
    });
  });

  /* The worker keeps the lists this page shows or links to. */
  function tell(what) {
    if (!navigator.serviceWorker) return;
    navigator.serviceWorker.ready.then(function (ours) { ours.active.postMessage(what); });
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
  addEventListener("online", send);
  doc.addEventListener("visibilitychange", function () { if (!doc.hidden) send(); });
  setInterval(function () { if (!part("waiting").hidden) send(); }, AGAIN);
  send();
})();
