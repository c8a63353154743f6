// The first screen: what to do, what waits, how far I have come, my hamlets and my roster.

import { badge, button, h, icon, link, notice } from "./dom.js";
import { fold } from "./checks.js";
import { moment, t } from "./facts.js";
import { OPEN } from "./records.js";
import { recordRow } from "./papers.js";
import * as store from "./store.js";

const SHOWN = 30;

export async function homeScreen(app) {
  const records = (await store.all("records")).sort((a, b) => (a.touched_at < b.touched_at ? 1 : -1));
  const roster = app.locked ? [] : await store.all("roster");
  return {
    title: t("app_name"),
    live: true,
    node: h("div", {},
      h("h1", { tabindex: -1, class: "sr" }, t("app_name")),
      troubles(app, records),
      link(t("register"), "#/moi", { kind: "wide large", drawing: "plus" }),
      outbox(app, records),
      !app.locked && unfinished(records),
      !app.locked && progress(app),
      !app.locked && hamlets(app),
      !app.locked && app.bundle && rosterList(app, roster),
      thisPhone(app, records)),
  };
}

function troubles(app, records) {
  const waiting = records.filter((one) => one.state === "waiting").length;
  return h("div", {},
    app.locked && notice("warn", t("locked_title"),
      h("p", {}, waiting ? t("locked_waiting", { n: waiting }) : t("locked_hint")),
      link(t("sign_in"), app.signIn, { kind: "wide" })),
    app.barred && notice("bad", t("barred_title"), h("p", {}, t("barred_hint"))),
    app.fresh && h("p", { class: "soft small", role: "status" }, app.fresh));
}

function outbox(app, records) {
  const waiting = records.filter((one) => one.state === "waiting");
  const pictures = records.filter((one) => one.state === "sent" && !one.stuck);
  const asked = records.filter((one) => one.state === "officer");
  const mend = records.filter((one) => one.state === "refused" || one.state === "conflict" || one.stuck);
  const words = [
    waiting.length > 0 && t("out_waiting", { n: waiting.length }),
    pictures.length > 0 && t("out_pictures", { n: pictures.length }),
  ].filter(Boolean);
  return h("section", { class: "card", "aria-labelledby": "outbox" },
    h("h2", { id: "outbox" }, t("outbox")),
    h("p", { class: "big-line" }, words.length ? words.join(" ") : t("out_empty")),
    words.length > 0 && button(t(app.sending ? "sending" : "send_now"), app.send, { kind: "wide", drawing: "again", disabled: app.sending }),
    words.length > 0 && app.later && h("p", { class: "soft small", role: "status" }, t("send_later")),
    asked.length > 0 && h("p", { class: "soft" }, t("out_officer", { n: asked.length })),
    mend.length > 0 && h("p", {}, badge(t("out_mend", { n: mend.length }), "bad")),
    records.length > 0 && !app.locked && link(t("all_records", { n: records.length }), "#/phieu", { kind: "second wide" }));
}

function unfinished(records) {
  const open = records.filter((one) => OPEN.includes(one.state) || one.state === "conflict");
  return open.length > 0 && h("section", { "aria-labelledby": "unfinished" },
    h("h2", { id: "unfinished" }, t("unfinished")), h("ul", { class: "items" }, open.map(recordRow)));
}

function progress({ bundle }) {
  if (!bundle) return null;
  const { submitted, returned, verified } = bundle.progress;
  const one = (n, words) => h("li", {}, h("strong", {}, String(n)), h("span", {}, words));
  return h("section", { "aria-labelledby": "progress" },
    h("h2", { id: "progress" }, t("progress")),
    h("ul", { class: "tally plain" }, one(submitted, t("status_submitted")), one(returned, t("status_returned")), one(verified, t("status_verified"))));
}

function hamlets({ bundle }) {
  if (!bundle) return null;
  return h("section", { "aria-labelledby": "hamlets" },
    h("h2", { id: "hamlets" }, t("my_hamlets")),
    bundle.hamlets.length === 0 && h("p", {}, t("no_hamlets")),
    h("ul", { class: "items" }, bundle.hamlets.map(({ name, commune, households }) =>
      h("li", {}, h("span", {}, `${name}, ${commune}`), h("span", { class: "soft" }, t("households", { n: households }))))));
}

/** Returned ones first; found by code or by the initials that may be seen. */
function rosterList(app, roster) {
  const names = new Map(app.bundle.hamlets.map(({ code, name }) => [code, name]));
  const order = (row) => (row.status === "returned" && row.mine ? 0 : 1);
  const sorted = roster.toSorted ? roster.toSorted((a, b) => order(a) - order(b)) : [...roster].sort((a, b) => order(a) - order(b));
  const list = h("ul", { class: "items" });
  const count = h("p", { class: "soft small", role: "status" });

  function show(text, most) {
    app.rosterText = text;
    const wanted = fold(text).trim();
    const found = sorted.filter((row) => !wanted
      || [row.code, row.name, names.get(row.hamlet_code)].some((words) => fold(words ?? "").replace(/[.\s]/g, "").includes(wanted.replace(/[.\s]/g, ""))));
    list.replaceChildren(...found.slice(0, most).map((row) => rosterRow(row, names)));
    if (found.length > most) list.append(h("li", {}, button(t("show_more"), () => show(text, most + SHOWN * 3), { kind: "second wide" })));
    count.textContent = found.length ? t("found", { n: found.length }) : t("found_none");
  }
  show(app.rosterText ?? "", SHOWN);
  return h("section", { "aria-labelledby": "roster" },
    h("h2", { id: "roster" }, t("roster")),
    roster.length > 0 && h("div", { class: "field" },
      h("label", { for: "find" }, t("find")),
      h("input", {
        class: "input", id: "find", type: "search", autocomplete: "off", enterkeyhint: "search", value: app.rosterText ?? "",
        input: (event) => show(event.target.value, SHOWN),
      })),
    roster.length > 0 ? [count, list] : h("p", { class: "soft" }, t("roster_empty")));
}

export const tones = { submitted: "warn", returned: "bad", verified: "good" };

function rosterRow(row, names) {
  return h("li", {},
    h("a", { class: "row-link", href: `#/ho/${row.code}` },
      h("strong", {}, row.name), h("span", { class: "soft small" }, `${row.code} · ${names.get(row.hamlet_code) ?? row.hamlet_code}`)),
    badge(t(`status_${row.status}`), tones[row.status]));
}

function thisPhone(app, records) {
  const unsent = records.some((one) => one.state !== "done");
  return h("section", { "aria-labelledby": "this-phone", class: "card" },
    h("h2", { id: "this-phone" }, t("this_phone")),
    h("p", { class: "soft" }, app.name ? t("used_by", { name: app.name }) : t("nobody_yet")),
    app.bundle && h("p", { class: "soft small" }, t("taken_at", { at: moment(app.bundle.taken_at) })),
    h("p", { class: "soft small" }, t(app.persisted ? "storage_safe" : "storage_soft")),
    h("div", { class: "stack" },
      app.install ? button(t("install"), app.install, { kind: "second wide", drawing: "phone" })
        : !app.installed && h("p", { class: "soft small" }, t("install_hint")),
      !app.locked && button(t("refresh"), app.refresh, { kind: "second wide", drawing: "again" }),
      !app.locked && unsent && button(t("export"), app.exportAll, { kind: "second wide", drawing: "copy" }),
      link(t("sign_in_other"), app.signIn, { kind: "quiet" }),
      h("a", { class: "btn quiet", href: app.teamPage }, icon("back"), t("team_page"))));
}
