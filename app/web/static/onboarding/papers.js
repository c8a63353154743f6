// The records made on this phone: the list, one of them, a household of the roster, and "done".

import { badge, button, h, link, notice } from "./dom.js";
import { moment, t } from "./facts.js";
import { UNSENT, remove } from "./records.js";
import * as store from "./store.js";

const TONES = { draft: "", waiting: "warn", sent: "good", done: "good", officer: "warn", refused: "bad", conflict: "bad" };
const CONFLICT_PAGE = "/to-cong-nghe/xung-dot/";

const nameOf = (record) => record.fields?.head_name || record.masked_name || t("no_name");
const stateOf = (record) => (record.stuck ? badge(t("state_stuck"), "bad") : badge(t(`state_${record.state}`), TONES[record.state]));

export function recordRow(record) {
  return h("li", {},
    h("a", { class: "row-link", href: `#/phieu/${record.id}` },
      h("strong", {}, nameOf(record)),
      h("span", { class: "soft small" }, `${t(`kind_${record.kind}`)} · ${moment(record.made_at)}`)),
    stateOf(record));
}

/** Everything made here, newest first. */
export async function listScreen(app) {
  const records = (await store.all("records")).sort((a, b) => (a.made_at < b.made_at ? 1 : -1));
  return {
    title: t("records"),
    live: true,
    node: h("div", {},
      h("h1", { tabindex: -1 }, t("records")),
      records.length === 0 && h("p", {}, t("records_none")),
      h("ul", { class: "items" }, records.map(recordRow)),
      h("p", { class: "soft small" }, t("records_hint")),
      h("div", { class: "stack" },
        records.some((one) => one.state !== "done") && button(t("export"), app.exportAll, { kind: "second wide", drawing: "copy" }),
        link(t("home"), "#/", { kind: "second wide", drawing: "back" }))),
  };
}

/** One record: where it stands and what can be done about it. */
export async function recordScreen(record, app) {
  const photos = await store.photosOf(record.id);
  const up = photos.filter((one) => one.done).length;
  const path = `#/phieu/${record.id}`;
  const reasons = Object.values(record.errors ?? {}).map((words) => [].concat(words).join(" "))
    .filter((words) => words !== record.reason);
  const open = ["draft", "refused"].includes(record.state) && !record.stripped;
  const backToDraft = async () => {
    const changed = await store.change(record.id, (one) => {
      if (one.state !== "waiting" || one.tried) return false;
      one.state = "draft";
    });
    app.go(changed?.state === "draft" ? `${path}/review` : path);
  };
  const drop = async () => {
    if (!window.confirm(t("drop_sure"))) return;
    await remove(record);
    app.go("#/");
  };
  return {
    title: nameOf(record),
    live: true,
    node: h("div", {},
      h("h1", { tabindex: -1 }, nameOf(record)),
      h("p", {}, stateOf(record)),
      h("p", { class: "soft" }, t(record.stuck ? "about_stuck" : record.forgotten ? "about_forgotten" : `about_${record.state}`)),
      record.household_code && h("p", {}, t("household_code"), " ", h("strong", { class: "code" }, record.household_code)),
      photos.length > 0 && record.state !== "draft" && h("p", {}, t("pictures_up", { n: up, all: photos.length })),
      record.reason && notice("bad", t("reason"), h("p", {}, record.reason)),
      reasons.length > 0 && h("ul", {}, reasons.map((words) => h("li", {}, words))),
      h("div", { class: "stack" },
        open && link(t(record.state === "draft" ? "go_on" : "mend_now"), `${path}/${continueAt(record)}`, { kind: "wide large" }),
        record.state === "refused" && record.stripped && record.household_code && link(t("edit_again"), `#/ho/${record.household_code}`, { kind: "wide" }),
        record.state === "waiting" && button(t("send_now"), app.send, { kind: "wide large", drawing: "again" }),
        record.state === "waiting" && !record.tried && button(t("change_more"), backToDraft, { kind: "second wide" }),
        record.state === "conflict" && h("a", { class: "btn wide large", href: CONFLICT_PAGE + record.conflict_id }, t("compare")),
        record.state === "draft" && button(t("drop"), drop, { kind: "danger wide" }),
        record.state === "refused" && button(t("drop_refused"), drop, { kind: "danger wide" }),
        UNSENT.includes(record.state) && button(t("export_one"), () => app.exportRecords([record]), { kind: "second wide", drawing: "copy" }),
        link(t("home"), "#/", { kind: "second wide", drawing: "back" }))),
  };
}

function continueAt(record) {
  return record.state === "refused" ? "review" : record.step ?? (record.kind === "edit" ? "changing" : "hamlet");
}

/** A household of the roster, as masked as it came. */
export async function householdScreen(code, app) {
  const row = await store.get("roster", code);
  if (!row) return { title: code, node: h("div", {}, h("h1", { tabindex: -1 }, code), h("p", {}, t("not_on_roster")), link(t("home"), "#/", { kind: "second wide" })) };
  const hamlet = app.bundle?.hamlets.find((one) => one.code === row.hamlet_code);
  const tone = { submitted: "warn", returned: "bad", verified: "good" }[row.status];
  return {
    title: row.name,
    node: h("div", {},
      h("h1", { tabindex: -1 }, row.name),
      h("p", {}, badge(t(`status_${row.status}`), tone)),
      h("p", {}, t("household_code"), " ", h("strong", { class: "code" }, row.code)),
      hamlet && h("p", { class: "soft" }, `${hamlet.name}, ${hamlet.commune}`),
      row.return_reason && notice("warn", t("returned"), h("p", {}, row.return_reason)),
      row.can_edit
        ? [h("p", { class: "soft" }, t(row.status === "verified" ? "edit_verified" : "edit_hint")),
          link(t("edit"), `#/ho/${row.code}/sua`, { kind: "wide large" })]
        : h("p", { class: "soft" }, t("edit_not_mine")),
      h("div", { class: "stack" }, link(t("home"), "#/", { kind: "second wide", drawing: "back" }))),
  };
}

/** It is kept; it will be sent. */
export async function doneScreen(record, app) {
  return {
    title: t("done"),
    live: true,
    node: h("div", { class: "done" },
      h("h1", { tabindex: -1 }, t("done")),
      h("p", {}, nameOf(record)),
      h("p", {}, stateOf(record)),
      h("p", {}, t(record.state === "waiting" ? (navigator.onLine ? "done_sending" : "done_offline") : `about_${record.state}`)),
      h("div", { class: "stack" },
        ["refused", "conflict"].includes(record.state) && link(t("see_why"), `#/phieu/${record.id}`, { kind: "wide large" }),
        link(t("next_household"), "#/moi", { kind: "wide large", drawing: "plus" }),
        link(t("home"), "#/", { kind: "second wide" }))),
  };
}
