/* Keeps an officer's walking lists on the phone for a day: addresses, no names.
   The server writes OURS above: version, files, page (shown where there is no network). */
"use strict";
const LISTS = "weijing-lists";
const SHELL = "weijing-shell-" + OURS.version;
const DAY = 24 * 3600 * 1000;
const PATIENCE = 6000; // then a kept list is better than a page that may still come
const RECENT = 60 * 1000; // not fetched a second time
const MOST = 30;

self.addEventListener("install", (event) => {
  const fill = async () => {
    await (await caches.open(SHELL)).addAll([...OURS.files, OURS.page]);
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const clean = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("weijing-shell-") && name !== SHELL) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

/* One address for one list, whatever else stands in the query; null for any other page. */
function listAt(address) {
  const url = new URL(address);
  if (url.pathname !== "/o/grid/unlinked/") return null;
  for (const which of ["list", "group"]) {
    const value = url.searchParams.get(which);
    if (value) return `${url.origin}${url.pathname}?${which}=${value}`;
  }
  return null;
}

async function keep(list, answer) {
  const html = await answer.text();
  const officer = (/id="queue"[^>]*data-officer="(\d+)"/.exec(html) || [])[1];
  if (!officer) return;
  const headers = new Headers(answer.headers); // with the security policy of the page
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  headers.set("X-Kept-At", Date.now());
  headers.set("X-Kept-For", officer);
  await sweep(officer);
  await (await caches.open(LISTS)).put(list, new Response(html, { headers }));
}

function isStale(kept) {
  const age = Date.now() - Number(kept.headers.get("X-Kept-At"));
  return age > DAY || age < -DAY;
}

/* Throws away what is older than a day, or another officer's. */
async function sweep(officer) {
  const lists = await caches.open(LISTS);
  const keys = await lists.keys();
  for (const [number, key] of keys.entries()) {
    const kept = await lists.match(key);
    const others = officer && kept.headers.get("X-Kept-For") !== officer;
    if (others || isStale(kept) || number < keys.length - MOST) await lists.delete(key);
  }
}

async function forget(list) {
  await (await caches.open(LISTS)).delete(list);
}

async function isRecent(list) {
  const kept = await (await caches.open(LISTS)).match(list);
  return kept && Date.now() - Number(kept.headers.get("X-Kept-At")) < RECENT;
}

/* Fetches a list anew. Whoever is signed out is led elsewhere, and nothing is kept. */
async function renew(list) {
  const answer = await fetch(list, { redirect: "manual", credentials: "same-origin" });
  if (answer.ok) await keep(list, answer);
  else if (answer.type === "opaqueredirect" || answer.status === 404 || answer.status === 403) await forget(list);
}

self.addEventListener("message", (event) => {
  const work = async () => {
    const lists = event.data.again
      ? (await (await caches.open(LISTS)).keys()).map((key) => key.url)
      : event.data.keep.map(listAt).filter(Boolean);
    for (const list of lists) if (event.data.again || !(await isRecent(list))) await renew(list);
  };
  event.waitUntil(work().catch(() => {})); // without a network what is kept stays
});

async function keptPage(list) {
  await sweep();
  const kept = list && (await (await caches.open(LISTS)).match(list));
  if (kept) {
    const html = (await kept.text()).replace("<html ", "<html data-kept ");
    return new Response(html, { headers: kept.headers });
  }
  return (await (await caches.open(SHELL)).match(OURS.page)) || Response.error();
}

function later() {
  return new Promise((_, no) => setTimeout(() => no(new Error("slow")), PATIENCE));
}

async function note(list, answer) {
  if (list && answer.ok) await keep(list, answer);
  if (list && answer.status === 404) await forget(list);
}

async function open(event) {
  const list = listAt(event.request.url);
  const asked = fetch(event.request);
  // Also what comes too late for this time is kept for the next.
  event.waitUntil(asked.then((answer) => note(list, answer.clone())).catch(() => {}));
  try {
    const isKept = list && (await (await caches.open(LISTS)).match(list));
    const answer = await (isKept ? Promise.race([asked, later()]) : asked);
    return isKept && answer.status >= 500 ? keptPage(list) : answer;
  } catch (silence) {
    return keptPage(list);
  }
}

/* Files bear their version in the address; of a kept page from before, today's will do. */
async function file(request) {
  const shell = await caches.open(SHELL);
  const kept = await shell.match(request);
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch (silence) {
    return (await shell.match(request, { ignoreSearch: true })) || Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(open(event));
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(event.request));
});
