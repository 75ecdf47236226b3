/* Door visits that this phone keeps until the server has them: the store, and the sending.
   A row is: key, officer, url, where, household, outcome, word, note, at, seen; then tried and
   changed (since it was tried), and sent, recorded, bad, told. No names, no phones. */
window.visitQueue = (function () {
  "use strict";
  var PATIENCE = 20000, opened = null, busy = false, going = null;

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

  /* Marked as tried and as it is now: it may have been changed or taken back since the list was read. */
  async function claim(key) {
    var row = null, turn = (await db()).transaction("visits", "readwrite"), visits = turn.objectStore("visits");
    return new Promise(function (yes, no) {
      var asked = visits.get(key);
      asked.onsuccess = function () {
        if (!asked.result || asked.result.sent) return;
        row = Object.assign(asked.result, { tried: true });
        visits.put(row);
      };
      turn.oncomplete = function () { yes(row); };
      turn.onabort = turn.onerror = function () { no(turn.error); };
    });
  }

  /* crypto.randomUUID is younger than the oldest WebView we meet. */
  function newKey() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    return Array.from(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  }
  function token() { return (/(?:^|; )csrftoken=([^;]*)/.exec(document.cookie) || [])[1] || ""; }

  /* What the server says to one visit, or what is in the way: silence, signed-out, no-right (this
     officer may note no visits), somebody-else (is signed in here), trouble. */
  async function post(row) {
    var stop = new AbortController(), late = setTimeout(function () { stop.abort(); }, PATIENCE);
    var said = {
      key: row.key, officer: row.officer, outcome: row.outcome, note: row.note, seen: row.seen,
      changed: row.changed ? "1" : "", seconds_ago: Math.max(0, Math.round((Date.now() - row.at) / 1000)),
    };
    try {
      var answer = await fetch(row.url, {
        method: "POST", redirect: "manual", signal: stop.signal, body: new URLSearchParams(said),
        headers: { Accept: "application/json", "X-CSRFToken": token() },
      });
      if (answer.type === "opaqueredirect") return { trouble: "signed-out" };
      if (answer.status === 409) return { trouble: "somebody-else" };
      if (answer.status === 403) return { trouble: isJson(answer) ? "no-right" : "signed-out" }; // or an old token
      if (answer.status >= 500) return { trouble: "trouble" };
      return await answer.json(); // a page of a café's network is none, and no answer
    } catch (silence) {
      return { trouble: "silence" };
    } finally {
      clearTimeout(late);
    }
  }

  /* One at a time, each until the server has it; a lost answer is asked for again with the same
     key. Returns how many went, and what was in the way; null when it is being done already. */
  async function send(officer) {
    if (busy || navigator.onLine === false) return null;
    busy = true;
    var sent = 0, trouble = "";
    try {
      for (var each of await rows()) {
        if (each.sent || each.officer !== officer) continue;
        going = each.key;
        var row = await claim(each.key);
        if (!row) continue;
        var answer = await post(row);
        if (!answer.is_settled) {
          trouble = answer.trouble || "trouble";
          if (trouble === "trouble") continue; // at this door alone, perhaps: the others need not wait
          break;
        }
        sent += 1;
        await put(Object.assign(row, {
          sent: Date.now(), recorded: answer.recorded_at, bad: !answer.is_recorded, told: answer.told,
        }));
      }
      return { sent: sent, trouble: trouble };
    } finally {
      busy = false;
      going = null;
    }
  }
  function isGoing(key) { return key === going; }
  function isJson(answer) { return /json/.test(answer.headers.get("Content-Type")); }

  /* What would be lost with this browser's memory: not sent, or refused and not read yet. */
  function isKept(row) { return !row.sent || Boolean(row.bad && row.told); }
  function describe(row) {
    var at = new Date(row.at), minutes = String(at.getMinutes()).padStart(2, "0");
    var when = (at.getMonth() + 1) + " 月 " + at.getDate() + " 日 " + at.getHours() + ":" + minutes;
    return row.where + "：" + row.word + (row.note ? "，" + row.note : "") + "（" + when + "）";
  }

  return {
    isKept: isKept, describe: describe, isGoing: isGoing, put: put, drop: drop, rows: rows,
    newKey: newKey, send: send,
  };
})();
