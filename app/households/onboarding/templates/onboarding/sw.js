// Keeps the doorstep app on the phone, so that it opens with no network after one visit. Keeps no person's data:
// answers of the API are never stored here.
const CACHE = "chophien-doorstep-{{ version }}";
const FILES = {{ files }};
const SHELL = "{{ shell }}";

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(url.pathname === SHELL ? kept(SHELL, request) : fetch(request).catch(() => kept(SHELL, request)));
  } else if (FILES.includes(url.pathname + url.search)) {
    event.respondWith(kept(url.pathname + url.search, request));
  }
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload", credentials: "same-origin" })));
  await self.skipWaiting();
}

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("chophien-doorstep-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(file, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(file, { ignoreVary: true })) ?? fetch(request);
}
