// A registration or an edit from its first letter to "arrived": its states, its answers, and how it is sent.
//
//   draft -> waiting -> sent (its pictures go up) -> done
//                    -> refused -> (mended) -> waiting               conflict: a person has to settle it
//                    -> officer (the commune decides) -> sent or refused
//
// Once all of it has arrived, what is personal is taken off the phone; code, masked name and state stay.

import { fold, maskName, tidy } from "./checks.js";
import { parseNumber } from "./citizen.js";
import { facts } from "./facts.js";
import * as store from "./store.js";

export const OPEN = ["draft", "refused"];
export const UNSENT = ["draft", "waiting", "refused", "conflict"];
const KEPT_DAYS = 30;
const PAUSE_MS = 60_000;

/** Which fields belong to an answer; an edit sends all of an answer's fields or none. */
export const FIELDS = {
  hamlet: ["hamlet_code"],
  name: ["head_name"],
  number: ["citizen_id"],
  phone: ["phone", "phone_is_contact"],
  address: ["address"],
  account: ["account_bin", "account_number", "account_holder"],
};

export function newRegistration(member, hamletCode = "") {
  return { ...blank("registration"), fields: { hamlet_code: hamletCode }, witness_name: tidy(member.name) };
}

/** An edit of a household of the roster. `changing` names the answers that will be asked anew. */
export function newEdit(row) {
  return {
    ...blank("edit"), fields: {}, changing: [], household_code: row.code, base_version: row.version,
    masked_name: row.name, witness_name: "",
  };
}

function blank(kind) {
  const now = new Date().toISOString();
  return {
    id: crypto.randomUUID(), kind, state: "draft", made_at: now, touched_at: now, seconds_spent: 0, attempt: 1, tried: false,
    answers: {}, how: "", signed: false, phone_kind: "", place: null, reason: null, errors: {}, conflict_id: null,
  };
}

/** Keep what was answered so far. Time with the form open counts, pauses of more than a minute don't. */
export function save(record) {
  const now = Date.now();
  record.seconds_spent += Math.min(now - Date.parse(record.touched_at), PAUSE_MS) / 1000;
  record.touched_at = new Date(now).toISOString();
  return store.put("records", record);
}

/** The form is done: it waits to be sent. A refused one keeps its id and counts one attempt more. */
export async function submit(record) {
  if (record.state === "refused") record.attempt += 1;
  record.state = "waiting";
  record.reason = null;
  record.errors = {};
  record.tried = record.arrived = false;
  record.masked_name = record.fields.head_name ? maskName(record.fields.head_name) : record.masked_name;
  await save(record);
  store.announce();
}

export async function remove(record) {
  const photos = await store.photosOf(record.id);
  await store.finished(["records", "photos"], (at) => {
    at("records").delete(record.id);
    photos.forEach((photo) => at("photos").delete(photo.id));
  });
  store.announce();
}

/** The fields in the form the API takes: a registration whole, an edit only what it changes. */
export function wireFields(record) {
  const { fields, phone_kind: kind } = record;
  const numbers = (text) => (text ?? "").replace(/[\s.-]/g, "");
  const whole = {
    hamlet_code: fields.hamlet_code ?? "",
    head_name: tidy(fields.head_name),
    citizen_id: numbers(fields.citizen_id),
    phone: kind === "none" || !kind ? null : numbers(fields.phone),
    phone_is_contact: kind === "contact" ? "1" : null,
    address: tidy(fields.address),
    account_bin: fields.account_bin || null,
    account_number: numbers(fields.account_number).toUpperCase() || null,
    account_holder: tidy(fields.account_holder) || null,
  };
  if (record.kind === "registration") return whole;
  return Object.fromEntries(record.changing.flatMap((answer) => FIELDS[answer].map((name) => [name, whole[name]])));
}

/** The record as POST /sync takes it. */
export function wire(record, photos) {
  const given = facts.purposes.map(({ purpose }) => purpose).filter((purpose) => record.answers[purpose]?.yes);
  const registers = record.kind === "registration";
  return {
    id: record.id,
    kind: record.kind,
    ...(registers ? {} : { household_code: record.household_code, base_version: record.base_version }),
    attempt: record.attempt,
    made_at: record.made_at,
    sent_at: new Date().toISOString(),
    place: record.place,
    seconds_spent: Math.round(record.seconds_spent),
    fields: wireFields(record),
    consents: registers ? given.map((purpose) => ({ purpose, how: record.how, at: record.answers[purpose].at })) : [],
    witness_name: tidy(record.witness_name),
    photos: photos.map(({ id, kind, media_type, size_bytes, sha256 }) => ({ id, kind, media_type, size_bytes, sha256 })),
  };
}

const AFTER = {
  stored: "sent", same: "sent", merged: "sent", waiting: "officer", refused: "refused", conflict: "conflict",
};

/** Take the server's word on a record into it. */
export function answered(record, result) {
  record.state = AFTER[result.outcome] ?? record.state;
  record.household_code = result.household_code ?? record.household_code;
  record.reason = result.reason ?? null;
  record.errors = result.errors ?? {};
  record.conflict_id = result.conflict_id ?? null;
  record.answered_at = new Date().toISOString();
  if (result.forget) Object.assign(strip(record), { masked_name: "", household_code: null, forgotten: true });
}

/** The pictures of a record whose household was erased. */
export async function dropPhotos(id) {
  const photos = await store.photosOf(id);
  if (photos.length) await store.finished(["photos"], (at) => photos.forEach((photo) => at("photos").delete(photo.id)));
}

/** Nothing more has to go up: forget what is personal. */
export function strip(record) {
  if (record.state === "sent") record.state = "done";
  Object.assign(record, { fields: {}, answers: {}, witness_name: "", place: null, how: "", phone_kind: "", stripped: true });
  return record;
}

/** Households of this phone's own records that look like this one: the same number or phone, or name and year. */
export function alike(record, others) {
  const mine = wireFields(record);
  const born = (number) => parseNumber(number ?? "").birth_year;
  return others.filter((other) => other.id !== record.id && other.kind === "registration" && !other.stripped).filter((other) => {
    const theirs = wireFields(other);
    return (mine.citizen_id && mine.citizen_id === theirs.citizen_id)
      || (mine.phone && mine.phone === theirs.phone && record.phone_kind === "own" && other.phone_kind === "own")
      || (mine.head_name && fold(mine.head_name) === fold(theirs.head_name) && born(mine.citizen_id) === born(theirs.citizen_id)
        && mine.hamlet_code === theirs.hamlet_code);
  });
}

/** Let go of what arrived long ago, and of what is personal in changes the commune never decided about. */
export async function prune(records) {
  const limit = Date.now() - KEPT_DAYS * 86_400_000;
  const old = (state) => records.filter((one) => one.state === state && Date.parse(one.touched_at) < limit);
  const done = old("done");
  if (done.length) await store.finished(["records"], (at) => done.forEach((one) => at("records").delete(one.id)));
  for (const { id } of old("officer").filter((one) => one.arrived && !one.stripped)) await store.change(id, (one) => { strip(one); });
}
