// The form around the questions: where one is, going on and back, looking it all over, sending.

import { checkStep, draw, nameOf, questionOf, stepOf, stepsOf } from "./steps.js";
import { FIELDS, alike, save, submit, wireFields } from "./records.js";
import { button, h, icon, notice } from "./dom.js";
import { facts, t } from "./facts.js";
import * as store from "./store.js";
import { parseNumber } from "./citizen.js";
import { postJson } from "./wire.js";
import { hush } from "./voice.js";

/** The screen of one step of a record that is still open. */
export async function formScreen(record, step, app) {
  const photos = await store.photosOf(record.id);
  const steps = stepsOf(record, app.bundle);
  const at = Math.max(0, steps.indexOf(step));
  const shown = steps[at];
  const path = (name) => `#/phieu/${record.id}/${name}`;
  const after = () => (app.lookingOver === record.id ? "review" : stepsOf(record, app.bundle)[at + 1] ?? "review");
  const endings = [hush];
  const errors = { ...serverErrors(record, shown) };
  const body = h("div", { class: "step" });
  let kept = Promise.resolve();

  const ask = {
    record, photos, errors, bundle: app.bundle,
    set(alter) {
      alter(record);
      save(record).catch(app.storageFailed);
    },
    /** Draw the question anew; `towards` names what should then be in sight. */
    redraw(towards = "") {
      body.replaceChildren(draw(shown, ask));
      if (!towards) return;
      const next = body.querySelector(towards);
      next?.scrollIntoView({ block: "center" });
      if (next?.tagName === "INPUT") next.focus({ preventScroll: true });
    },
    go(name) { app.go(path(name)); },
    /** Work that must be done, one after the other, before one goes on. */
    first(work) { kept = kept.then(work).catch(app.storageFailed); },
    leaving(end) { endings.push(end); },
    async photosChanged() {
      photos.splice(0, photos.length, ...(await store.photosOf(record.id)));
      ask.redraw();
    },
  };

  if (shown === "review") return review(record, photos, app, path);

  const next = async (event) => {
    event.preventDefault();
    await kept;
    ask.errors = checkStep(shown, record);
    const wrong = Object.keys(ask.errors);
    if (wrong.length) {
      ask.redraw();
      body.querySelector("[aria-invalid], fieldset input, input, select")?.focus();
      return;
    }
    Object.keys(record.errors).filter((name) => stepOf(name) === shown).forEach((name) => delete record.errors[name]);
    await save(record);
    app.go(path(after()));
  };

  if (shown === "changing") body.append(changing(ask));
  else ask.redraw();
  const optional = shown === "account" || shown === "photos" || shown === "card";
  return {
    title: questionOf(shown),
    node: h("form", { novalidate: true, submit: next, class: "ask" },
      h("p", { class: "soft small" }, t("step_of", { n: at + 1, all: steps.length })),
      h("progress", { max: steps.length, value: at + 1, "aria-label": t("step_of", { n: at + 1, all: steps.length }) }),
      h("h1", { tabindex: -1 }, questionOf(shown)),
      body,
      h("div", { class: "thumb" },
        h("a", { class: "btn second", href: at ? path(steps[at - 1]) : "#/" }, icon("back"), t("back")),
        h("button", { class: "btn large", type: "submit" }, optional ? t(`next_${shown}`) : t("next")))),
    leave: () => endings.forEach((end) => end()),
  };
}

function serverErrors(record, step) {
  const named = Object.entries(record.errors ?? {}).filter(([name]) => stepOf(name) === step);
  return Object.fromEntries(named.map(([name, words]) => [name, [].concat(words).join(" ")]));
}

/** An edit: which answers have changed. */
function changing(ask) {
  const toggle = (name, on) => ask.set((record) => {
    record.changing = Object.keys(FIELDS).filter((one) => (one === name ? on : record.changing.includes(one)));
  });
  return h("fieldset", { class: "field" },
    h("legend", { class: "sr" }, t("q_changing")),
    h("div", { class: "picks" }, Object.keys(FIELDS).map((name) =>
      h("label", { class: "pick", for: `changing-${name}` },
        h("input", {
          type: "checkbox", id: `changing-${name}`, checked: ask.record.changing.includes(name),
          change: (event) => toggle(name, event.target.checked),
        }),
        h("span", {}, t(`part_${name}`))))));
}

/** Everything that was answered, each with a way back to it; hints of duplicates; the button that sends. */
function review(record, photos, app, path) {
  const steps = stepsOf(record, app.bundle).filter((step) => !["review", "card", "changing"].includes(step));
  const wrong = steps.filter((step) => Object.keys(checkStep(step, record)).length || Object.keys(serverErrors(record, step)).length);
  const nothing = record.kind === "edit"
    ? record.changing.length === 0
    : !Object.values(record.answers).some((answer) => answer.yes);
  const hints = h("div", { "aria-live": "polite" });
  app.lookingOver = record.id;
  if (record.kind === "registration" && !wrong.length) showAlike(record, hints);

  const send = async (event) => {
    event.currentTarget.disabled = true;
    app.lookingOver = null;
    await submit(record);
    app.go(`#/xong/${record.id}`);
    app.send();
  };
  const ready = !wrong.length && !nothing;
  return {
    title: t("q_review"),
    node: h("div", { class: "ask" },
      h("h1", { tabindex: -1 }, t("q_review")),
      record.state === "refused" && notice("bad", t("refused_title"), h("p", {}, record.reason ?? t("refused_mend"))),
      wrong.length > 0 && notice("warn", t("review_wrong"), h("ul", {}, wrong.map((step) =>
        h("li", {}, h("a", { href: path(step) }, questionOf(step)))))),
      nothing && notice("warn", t(record.kind === "edit" ? "review_no_change" : "review_no_consent"),
        h("p", {}, h("a", { href: path(record.kind === "edit" ? "changing" : `consent-${facts.purposes[0].purpose}`) }, t("review_mend")))),
      hints,
      h("ul", { class: "plain facts-list" }, steps.map((step) => h("li", {},
        h("div", {}, h("span", { class: "soft small" }, nameOf(step)), h("strong", {}, summary(step, record, photos, app.bundle))),
        h("a", { class: "btn quiet", href: path(step), "aria-label": `${t("mend")}: ${nameOf(step)}` }, t("mend"))))),
      h("p", { class: "soft small" }, t("review_hint")),
      h("div", { class: "thumb" },
        h("a", { class: "btn second", href: "#/" }, t("later")),
        button(t(record.state === "refused" ? "send_again" : "finish"), send, { kind: "large", disabled: !ready }))),
    leave: hush,
  };
}

function summary(step, record, photos, bundle) {
  const { fields, answers } = record;
  const purpose = facts.purposes.find((one) => step === `consent-${one.purpose}`);
  if (purpose) return answers[purpose.purpose] ? t(answers[purpose.purpose].yes ? "yes" : "no") : t("nothing");
  const pictures = photos.filter((one) => one.kind !== "signature").length;
  const words = {
    hamlet: () => bundle?.hamlets.find((one) => one.code === fields.hamlet_code)?.name,
    name: () => fields.head_name,
    number: () => fields.citizen_id,
    phone: () => (record.phone_kind === "none" ? t("phone_none") : fields.phone && record.phone_kind
      ? `${fields.phone} (${t(record.phone_kind === "own" ? "phone_own" : "phone_contact")})` : ""),
    address: () => fields.address,
    account: () => fields.account_number && `${bundle?.banks.find((one) => one.bin === fields.account_bin)?.name ?? ""} ${fields.account_number}`,
    photos: () => (pictures ? t("pictures", { n: pictures }) : ""),
    how: () => record.how && t(`how_${record.how}`),
    witness: () => record.witness_name,
  };
  return words[step]() || t("nothing");
}

/** Ask this phone, then the server, whether the household may be known already. Tells no more than the server does. */
async function showAlike(record, place) {
  const say = (title, ...more) => place.append(notice("warn", title, ...more));
  const here = alike(record, await store.all("records"));
  if (here.length) say(t("alike_here"), h("p", {}, t("alike_here_hint")));
  const fields = wireFields(record);
  try {
    const found = await postJson("/duplicates", {
      citizen_id: fields.citizen_id, phone: fields.phone, head_name: fields.head_name,
      birth_year: parseNumber(fields.citizen_id).birth_year ?? null, hamlet_code: fields.hamlet_code,
    });
    if (found.citizen) say(t("alike_citizen"), h("p", {}, t("alike_citizen_hint")));
    if (found.phone) say(t("alike_phone"), h("p", {}, t("alike_phone_hint")));
    const codes = found.similar ?? [];
    if (codes.length) say(t("alike_near"), h("ul", {}, codes.map((code) => h("li", {}, h("a", { href: `#/ho/${code}` }, code)))));
    if (found.similar_elsewhere) say(t("alike_elsewhere"));
  } catch {
    place.append(h("p", { class: "soft small" }, t("alike_unknown")));
  }
}
