// The questions, one a screen. Each draws itself from the record and tells what was answered through `ask.set`.

import { checks } from "./checks.js";
import { parseCard } from "./citizen.js";
import { badge, button, choices, field, h, notice } from "./dom.js";
import { facts, t } from "./facts.js";
import * as photo from "./photo.js";
import { scanner, canScan } from "./scan.js";
import { sheet } from "./signature.js";
import { readAloud } from "./voice.js";

const anyYes = (record) => Object.values(record.answers).some((answer) => answer.yes);

/** The steps of this record, in order. */
export function stepsOf(record, bundle) {
  if (record.kind === "edit") return ["changing", ...Object.keys(drawings).filter((name) => record.changing.includes(name)), "review"];
  return [
    (bundle?.hamlets ?? []).length === 1 ? null : "hamlet",
    "card", "name", "number", "phone", "address", "account", "photos",
    ...facts.purposes.map(({ purpose }) => `consent-${purpose}`),
    anyYes(record) ? "how" : null,
    "witness", "review",
  ].filter(Boolean);
}

/** Which step asks for a field the server names in its errors. */
export function stepOf(fieldName) {
  if (fieldName.startsWith("account_")) return "account";
  return {
    head_name: "name", citizen_id: "number", phone: "phone", phone_is_contact: "phone", address: "address", hamlet_code: "hamlet",
    consents: `consent-${facts.purposes[0].purpose}`, how: "how", witness_name: "witness", photos: "photos",
  }[fieldName] ?? "review";
}

export function questionOf(step) {
  const purpose = purposeOf(step);
  return purpose ? t("q_consent", { name: purpose.name }) : t(`q_${step}`);
}

/** Its short name, where all are listed. */
export function nameOf(step) {
  return purposeOf(step)?.name ?? t(`part_${step}`);
}

export const checkStep = (step, record) => (checks[step] ? checks[step](record) : {});

/** The body of a step. `ask`: {record, errors, bundle, photos, set(alter), redraw(), go(step), leaving(fn), photosChanged()} */
export function draw(step, ask) {
  const purpose = purposeOf(step);
  return purpose ? consent(purpose, ask) : drawings[step](ask);
}

const purposeOf = (step) => facts.purposes.find(({ purpose }) => step === `consent-${purpose}`);

function text(ask, name, options) {
  return field({
    name, value: ask.record.fields[name] ?? "", error: ask.errors[name] ?? "", enterkeyhint: "next",
    input: (event) => ask.set((record) => { record.fields[name] = event.target.value; }),
    ...options,
  });
}

function consent({ purpose, name, words }, ask) {
  const answer = ask.record.answers[purpose];
  return h("div", {},
    h("p", { class: "say" }, words),
    readAloud(`${name}. ${words}`),
    h("p", { class: "soft" }, t("consent_hint")),
    choices({
      legend: name, pair: true, name: `consent-${purpose}`, error: ask.errors[`consent-${purpose}`],
      value: answer ? (answer.yes ? "yes" : "no") : "",
      options: [["yes", t("yes")], ["no", t("no")]],
      choose: (value) => ask.set((record) => { record.answers[purpose] = { yes: value === "yes", at: new Date().toISOString() }; }),
    }));
}

const drawings = {
  hamlet: (ask) => choices({
    legend: t("q_hamlet"), name: "hamlet_code", value: ask.record.fields.hamlet_code ?? "", error: ask.errors.hamlet_code,
    options: (ask.bundle?.hamlets ?? []).map(({ code, name, commune }) => [code, name, commune]),
    choose: (code) => ask.set((record) => { record.fields.hamlet_code = code; }),
  }),

  card(ask) {
    const take = (read) => {
      const card = parseCard(read);
      if (!card) return false;
      ask.set((record) => {
        Object.assign(record.fields, { head_name: card.name, citizen_id: card.number });
        if (card.address && !record.fields.address) record.fields.address = card.address.slice(0, 200);
        record.from_card = true;
      });
      ask.go("name");
      return true;
    };
    const camera = canScan() ? scanner(take) : null;
    if (camera) ask.leaving(camera.stop);
    const wrong = h("p", { class: "error", role: "alert", hidden: true }, t("scan_other"));
    return h("div", {},
      camera ? camera.element : notice("", t("scan_missing"), h("p", {}, t("scan_missing_hint"))),
      h("details", {},
        h("summary", {}, t("paste")),
        field({
          label: t("paste_label"), name: "card_text", tag: "textarea", rows: 3, hint: t("paste_hint"),
          input: (event) => { wrong.hidden = !event.target.value.trim() || take(event.target.value); },
        }), wrong),
      h("p", { class: "soft" }, t("type_hint")));
  },

  name: (ask) => h("div", {},
    ask.record.from_card && notice("good", t("from_card")),
    text(ask, "head_name", { label: t("head_name"), hint: t("as_on_card"), maxlength: 80, autocapitalize: "words" })),

  number: (ask) => text(ask, "citizen_id", {
    label: t("citizen_id"), hint: t("twelve_digits"), inputmode: "numeric", maxlength: 16,
  }),

  phone: (ask) => h("div", {},
    choices({
      legend: t("q_phone"), name: "phone_kind", value: ask.record.phone_kind, error: ask.errors.phone_kind,
      options: [["own", t("phone_own")], ["contact", t("phone_contact"), t("phone_contact_hint")], ["none", t("phone_none"), t("phone_none_hint")]],
      choose: (kind) => { ask.set((record) => { record.phone_kind = kind; }); ask.redraw("#phone"); },
    }),
    ["own", "contact"].includes(ask.record.phone_kind) && text(ask, "phone", {
      label: t(ask.record.phone_kind === "own" ? "phone_number" : "phone_number_contact"),
      type: "tel", inputmode: "tel", maxlength: 20, hint: t("phone_hint"),
    })),

  address(ask) {
    const place = ask.record.place;
    const words = h("p", { class: "soft", role: "status" }, place ? t("place_kept", { m: Math.round(place.accuracy_m) }) : t("place_hint"));
    const find = () => {
      words.textContent = t("place_looking");
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        ask.set((record) => {
          record.place = { latitude: coords.latitude, longitude: coords.longitude, accuracy_m: Math.round(coords.accuracy) };
        });
        words.textContent = t("place_kept", { m: Math.round(coords.accuracy) });
      }, () => { words.textContent = t("place_missing"); }, { enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000 });
    };
    return h("div", {},
      text(ask, "address", { label: t("address"), hint: t("address_hint"), maxlength: 200 }),
      ask.record.kind === "registration" && "geolocation" in navigator && h("div", {},
        button(t(place ? "place_again" : "place_find"), find, { kind: "second wide", drawing: "place" }), words));
  },

  account: (ask) => h("div", {},
    h("p", { class: "soft" }, t("account_hint")),
    h("div", { class: "field" },
      h("label", { for: "account_bin" }, t("bank")),
      ask.errors.account_bin && h("span", { class: "error" }, ask.errors.account_bin),
      h("select", {
        class: "input", id: "account_bin", name: "account_bin",
        change: (event) => ask.set((record) => { record.fields.account_bin = event.target.value; }),
      }, [["", t("choose")], ...(ask.bundle?.banks ?? []).map(({ bin, name }) => [bin, name])].map(([bin, name]) =>
        h("option", { value: bin, selected: bin === (ask.record.fields.account_bin ?? "") }, name)))),
    text(ask, "account_number", { label: t("account_number"), inputmode: "numeric", maxlength: 30 }),
    text(ask, "account_holder", { label: t("account_holder"), hint: t("account_holder_hint"), maxlength: 80 })),

  photos(ask) {
    const shown = ask.photos.filter((one) => one.kind !== "signature");
    const trouble = h("p", { class: "error", role: "alert", hidden: true }, t("photo_unreadable"));
    const take = ([file], kind) => file && ask.first(async () => {
      try {
        await photo.keep(ask.record, kind, await photo.shrink(file));
        await ask.photosChanged();
      } catch {
        trouble.hidden = false;
      }
    });
    const input = (kind, words) => h("label", { class: "btn second wide large", for: `photo-${kind}` }, words, h("input", {
      class: "sr", type: "file", id: `photo-${kind}`, accept: "image/*", capture: "environment", change: (event) => take([...event.target.files], kind),
    }));
    return h("div", {},
      h("p", { class: "soft" }, t("photos_hint")),
      shown.length > 0 && h("ul", { class: "pictures plain" }, shown.map((one) => {
        const url = photo.address(one);
        ask.leaving(() => URL.revokeObjectURL(url));
        return h("li", {},
          h("img", { src: url, alt: t(`photo_${one.kind}`) }),
          badge(t(`photo_${one.kind}`)),
          button(t("photo_drop"), async () => { await photo.drop(one); await ask.photosChanged(); }, { kind: "quiet" }));
      })),
      ask.photos.length < photo.MAX_PHOTOS - 1
        ? h("div", { class: "stack" }, input("house", t("photo_add_house")), input("paper", t("photo_add_paper")))
        : h("p", {}, t("photos_full")),
      trouble);
  },

  how(ask) {
    const kept = ask.photos.find((one) => one.kind === "signature");
    const url = kept && photo.address(kept);
    if (url) ask.leaving(() => URL.revokeObjectURL(url));
    return h("div", {},
      choices({
        legend: t("q_how"), name: "how", value: ask.record.how, error: ask.errors.how,
        options: [["spoken", t("how_spoken"), t("how_spoken_hint")], ["signed", t("how_signed"), t("how_signed_hint")]],
        choose: (how) => { ask.set((record) => { record.how = how; }); ask.redraw(".sign"); },
      }),
      ask.record.how === "signed" && (kept ? signature(ask, kept, url) : blankSheet(ask)));
  },

  witness: (ask) => field({
    label: t("witness"), name: "witness_name", value: ask.record.witness_name, error: ask.errors.witness_name ?? "",
    hint: t("witness_hint"), maxlength: 80, autocapitalize: "words",
    input: (event) => ask.set((record) => { record.witness_name = event.target.value; }),
  }),
};

function signature(ask, kept, url) {
  const again = async () => {
    await photo.drop(kept);
    ask.set((record) => { record.signed = false; });
    await ask.photosChanged();
  };
  return h("div", {}, h("img", { class: "sign", src: url, alt: t("photo_signature") }), button(t("sign_again"), again, { kind: "second wide" }));
}

function blankSheet(ask) {
  const paper = sheet((canvas) => ask.first(async () => {
    const kept = await photo.keep(ask.record, "signature", await photo.drawn(canvas));
    ask.photos.splice(0, ask.photos.length, ...ask.photos.filter((one) => one.kind !== "signature"), kept);
    ask.set((record) => { record.signed = true; });
  }));
  const clear = () => ask.first(async () => {
    paper.clear();
    ask.set((record) => { record.signed = false; });
    const old = ask.photos.find((one) => one.kind === "signature");
    if (old) await photo.drop(old);
    ask.photos.splice(0, ask.photos.length, ...ask.photos.filter((one) => one !== old));
  });
  return h("div", {}, h("p", { class: "soft" }, t("sign_here")), paper.element, button(t("sign_clear"), clear, { kind: "second wide" }));
}
