// Starts the app, knows who uses it, and draws the screen that the address after # names.

import { fetchBundle, keepBundle, keptBundle } from "./bundle.js";
import { h, notice } from "./dom.js";
import { exportRecords } from "./export.js";
import { facts, t } from "./facts.js";
import { formScreen } from "./form.js";
import { homeScreen } from "./home.js";
import { doneScreen, householdScreen, listScreen, recordScreen } from "./papers.js";
import * as records from "./records.js";
import * as sender from "./sender.js";
import * as store from "./store.js";
import { NotYours, SignedOut } from "./wire.js";

const FRESH_MS = 10 * 60_000;
const main = document.querySelector("main");
const net = document.getElementById("net");
let current = null;
let drawing = 0;
let member = null;
let refreshing = null;

const app = {
  bundle: null, name: "", locked: false, barred: false, sending: false, later: false, persisted: false, install: null,
  installed: window.matchMedia("(display-mode: standalone)").matches, lookingOver: null, rosterText: "", fresh: "",
  signIn: facts.urls.sign_in, teamPage: facts.urls.team,
  go(path) {
    if (location.hash === path) show();
    else location.hash = path;
  },
  send: () => sender.sendNow(),
  refresh: () => refresh(true),
  exportAll: () => exportRecords(member),
  exportRecords: (chosen) => exportRecords(member, chosen),
  storageFailed() { main.prepend(notice("bad", t("storage_failed"), h("p", {}, t("storage_failed_hint")))); },
};

/** The member whose data is shown. Another one's stays closed in a database of its own. */
async function use(next) {
  if (member?.id !== next.id || !store.isOpen()) {
    await store.open(next.id);
    app.lookingOver = null;
    app.rosterText = "";
  }
  member = next;
  app.name = next.name;
  app.locked = Boolean(next.locked);
  app.bundle = (await keptBundle()) ?? null;
  store.rememberMember(next);
  sender.begin(next.id, heard);
}

function lock() {
  if (!member) return;
  member = { ...member, locked: true };
  store.rememberMember(member);
  app.locked = true;
  app.fresh = "";
}

function heard(what, news = false) {
  app.sending = what === "busy";
  app.later = what === "later";
  if (what === "signed-out") lock();
  if (what === "other-member" || (what === "idle" && news)) refresh(true);
  paintNet();
  redraw();
}

/** Take the newest bundle, and with it who is signed in. */
function refresh(always = false) {
  const old = !app.bundle || Date.now() - Date.parse(app.bundle.taken_at) > FRESH_MS;
  if (!always && !old && !app.locked) return sender.sendNow();
  refreshing ??= takeBundle().finally(() => { refreshing = null; });
  return refreshing;
}

async function takeBundle() {
  const before = member?.id;
  try {
    const bundle = await fetchBundle();
    await use({ id: bundle.member.id, name: bundle.member.name, locked: false });
    await keepBundle(bundle);
    app.bundle = await keptBundle();
    app.barred = false;
    app.fresh = "";
    if (before && before !== member.id) app.go("#/");
    sender.sendNow();
  } catch (error) {
    if (error instanceof SignedOut) lock();
    else if (error instanceof NotYours) app.barred = true;
    else app.fresh = app.bundle ? t("stale") : "";
  }
  paintNet();
  redraw();
}

const routes = [
  [/^$/, () => homeScreen(app)],
  [/^moi$/, begin],
  [/^phieu$/, () => listScreen(app)],
  [/^phieu\/([\w-]+)$/, (id) => withRecord(id, (record) => recordScreen(record, app))],
  [/^phieu\/([\w-]+)\/([\w-]+)$/, (id, step) => withRecord(id, (record) => openForm(record, step))],
  [/^xong\/([\w-]+)$/, (id) => withRecord(id, (record) => doneScreen(record, app))],
  [/^ho\/(\w+)$/, (code) => householdScreen(code, app)],
  [/^ho\/(\w+)\/sua$/, beginEdit],
];
const OPEN_WHEN_LOCKED = ["", "moi"];

async function begin() {
  askToKeep();
  const hamlets = app.bundle?.hamlets ?? [];
  const record = records.newRegistration(member, hamlets.length === 1 ? hamlets[0].code : "");
  await store.put("records", record);
  app.lookingOver = null;
  app.startedHere = record.id;
  return replace(`#/phieu/${record.id}/${hamlets.length === 1 ? "card" : "hamlet"}`);
}

async function beginEdit(code) {
  askToKeep();
  const row = await store.get("roster", code);
  if (!row?.can_edit) return replace("#/");
  const open = (await store.all("records")).find((one) => one.state === "draft" && one.household_code === code);
  const record = open ?? records.newEdit(row);
  if (!open) await store.put("records", record);
  app.lookingOver = null;
  return replace(`#/phieu/${record.id}/changing`);
}

function replace(path) {
  history.replaceState(null, "", path);
  return screenOf(path);
}

async function withRecord(id, then) {
  const record = await store.get("records", id);
  return record ? then(record) : replace("#/");
}

async function openForm(record, step) {
  if (!records.OPEN.includes(record.state) || record.stripped) return replace(`#/phieu/${record.id}`);
  record.step = step;
  await store.put("records", record);
  return formScreen(record, step, app);
}

function screenOf(hash) {
  const path = hash.replace(/^#\/?/, "");
  if (!member || !store.isOpen()) return firstVisit();
  // A session that ended shows nothing of anybody, but never stops a visit that is going on.
  const own = Boolean(app.startedHere) && path.split("/")[1] === app.startedHere;
  if (app.locked && !own && !OPEN_WHEN_LOCKED.includes(path.split("/")[0])) return replace("#/");
  for (const [pattern, screen] of routes) {
    const found = path.match(pattern);
    if (found) return screen(...found.slice(1));
  }
  return replace("#/");
}

/** Nobody has used the app here yet: it needs the network once. */
function firstVisit() {
  return {
    title: t("app_name"),
    live: true,
    node: h("div", {},
      h("h1", { tabindex: -1 }, t("app_name")),
      app.barred ? notice("bad", t("barred_title"), h("p", {}, t("barred_hint"))) : h("p", {}, t(navigator.onLine ? "first_visit" : "first_offline")),
      h("a", { class: "btn wide large", href: facts.urls.sign_in }, t("sign_in"))),
  };
}

async function show({ quietly = false } = {}) {
  const turn = ++drawing;
  const screen = await screenOf(location.hash);
  if (turn !== drawing || !screen) return;
  current?.leave?.();
  current = screen;
  document.title = `${screen.title} · Chợ Phiên`;
  main.replaceChildren(screen.node);
  if (quietly) return;
  window.scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
}

/** Draw anew what shows states, unless somebody is typing there. */
function redraw() {
  if (current && !current.live) return;
  if (main.querySelector("input:focus, textarea:focus")) return;
  show({ quietly: true });
}

function paintNet() {
  const on = navigator.onLine;
  net.textContent = t(app.sending ? "net_sending" : on ? "net_on" : "net_off");
  net.dataset.on = on ? "yes" : "no";
}

async function askToKeep() {
  if (app.persisted || !navigator.storage?.persist) return;
  app.persisted = await navigator.storage.persist().catch(() => false);
}

/** The worker that keeps the app on the phone. When a new one takes over, the page is opened anew, but not amid a form. */
function keepApp() {
  if (!("serviceWorker" in navigator)) return;
  const first = !navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!first && current?.live) location.reload();
  });
  navigator.serviceWorker.register(facts.urls.worker, { scope: facts.urls.scope, updateViaCache: "none" }).catch(() => {});
}

async function start() {
  paintNet();
  store.onChange(redraw);
  keepApp();
  app.persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  const last = store.lastMember();
  if (last?.id) {
    await use(last);
    await records.prune(await store.all("records"));
  }
  await show();
  refresh(true);
}

window.addEventListener("hashchange", () => show());
window.addEventListener("online", () => { paintNet(); refresh(Boolean(app.fresh)); });
window.addEventListener("offline", () => { paintNet(); redraw(); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") refresh(); });
window.addEventListener("storage", async () => {  // somebody else signed in, in another tab
  const last = store.lastMember();
  if (!last || last.id === member?.id) return;
  await use(last);
  app.go("#/");
});
window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  app.install = () => { event.prompt(); app.install = null; redraw(); };
  redraw();
});
window.addEventListener("appinstalled", () => { app.installed = true; app.install = null; askToKeep(); redraw(); });

start().catch((error) => {
  console.error("could not start", error);
  main.replaceChildren(notice("bad", t("storage_failed"), h("p", {}, t("storage_failed_hint"))));
});
