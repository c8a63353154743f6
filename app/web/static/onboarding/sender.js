// The outbox. Records first, in one go; then their pictures, in parts that go on where they stopped.
// One tab sends at a time. Whatever goes wrong, everything stays on the phone and is tried again.

import * as records from "./records.js";
import * as store from "./store.js";
import { Later, NotYours, Refused, SignedOut, getJson, postJson, putPart, whoIsSignedIn } from "./wire.js";

export const PART_BYTES = 256 * 1024;
const BATCH = 20;
const ASK_AFTER = 200;
const MOST_BROKEN = 3;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
const LEASE_MS = 200_000;

const state = { member: null, busy: false, fails: 0, timer: 0, news: false, told: () => {} };

/** Send for this member from now on. `told(what, news)` hears "busy", "idle", "later", "signed-out", "other-member"; `news`
    says that the server took something, so that its lists are other ones now. */
export function begin(memberId, told) {
  state.member = memberId;
  state.told = told;
}

/** Try now, whatever the pauses say: a button was pressed, or the network came back. */
export function sendNow() {
  state.fails = 0;
  return send();
}

async function send() {
  clearTimeout(state.timer);
  if (state.busy || !state.member || !store.isOpen()) return;
  state.busy = true;
  const member = state.member;
  let outcome = "idle";
  try {
    const alone = await onlyOne(`chophien-send-${member}`, () => sendAll(member));
    if (alone) state.fails = 0;
    else again(FIRST_PAUSE_MS * 2);
  } catch (error) {
    outcome = heard(error);
  }
  state.busy = false;
  const { news } = state;
  state.news = false;
  state.told(outcome, news);
  store.announce();
}

function heard(error) {
  if (error instanceof SignedOut) return "signed-out";
  if (error instanceof NotYours) return "other-member";
  state.fails += 1;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (state.fails - 1), LONGEST_PAUSE_MS);
  again(error instanceof Later && error.afterS ? error.afterS * 1000 : pause * (0.75 + Math.random() / 2));
  if (!(error instanceof Later)) console.error("sending stopped", error?.message);
  return "later";
}

function again(ms) {
  clearTimeout(state.timer);
  state.timer = setTimeout(send, ms);
}

/** Run `work` if no other tab runs it; whether it was run. */
async function onlyOne(name, work) {
  if (navigator.locks) {
    return navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock) await work();
      return Boolean(lock);
    });
  }
  const mine = `${Date.now() + LEASE_MS} ${crypto.randomUUID()}`;
  if (Number((localStorage.getItem(name) ?? "0").split(" ")[0]) > Date.now()) return false;
  localStorage.setItem(name, mine);
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (localStorage.getItem(name) !== mine) return false;
  try {
    await work();
  } finally {
    if (localStorage.getItem(name) === mine) localStorage.removeItem(name);
  }
  return true;
}

async function sendAll(member) {
  const idle = (await due()).every((list) => list.length === 0);
  if (idle) return;
  state.told("busy");
  await mustBe(member);
  for (;;) {
    const [waiting] = await due();
    if (!waiting.length) break;
    await sendBatch(waiting.slice(0, BATCH), member);
    store.announce();
  }
  await sendPictures(member);
  await askAboutOpen();
}

/** [records to send, records with pictures to send, records whose outcome somebody decides] */
async function due() {
  const all = await store.all("records");
  return [
    all.filter((one) => one.state === "waiting").sort((a, b) => (a.made_at < b.made_at ? -1 : 1)),
    all.filter((one) => !one.stuck && (one.state === "sent" || (one.state === "officer" && !one.arrived && !one.stripped))),
    all.filter((one) => one.state === "officer" || one.state === "conflict"),
  ];
}

/** Nothing is ever sent under another person's session. */
async function mustBe(member) {
  if (state.member !== member || (await whoIsSignedIn()) !== member) throw new NotYours("another member");
}

async function sendBatch(batch, member) {
  await mustBe(member);
  const sending = [];
  for (const record of batch) {
    const photos = await store.photosOf(record.id);
    // From here on the server may have it, though we may never hear so.
    const fresh = await store.change(record.id, (one) => {
      if (one.state !== "waiting") return false;
      one.tried = true;
    });
    if (fresh?.state === "waiting") sending.push(records.wire(fresh, photos));
  }
  if (!sending.length) return;
  const { results } = await postOneByOne(sending);
  state.news = true;
  for (const result of results) {
    await store.change(result.id, (one) => {
      if (one.state !== "waiting") return false;
      records.answered(one, result);
    });
    if (result.forget) await records.dropPhotos(result.id);
  }
}

/** A batch the server can't read at all is sent one by one, so that one bad record holds up none. */
async function postOneByOne(sending) {
  try {
    return await postJson("/sync", { records: sending });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (sending.length === 1) {
      const { detail } = error.body;
      return { results: [{ id: sending[0].id, outcome: "refused", reason: detail ?? null, errors: {} }] };
    }
    const results = [];
    for (const one of sending) results.push(...(await postOneByOne([one])).results);
    return { results };
  }
}

async function sendPictures(member) {
  const [, withPictures] = await due();
  for (const record of withPictures) {
    const photos = await store.photosOf(record.id);
    for (const photo of photos.filter((one) => !one.done && one.broken < MOST_BROKEN)) {
      await mustBe(member);
      await sendPicture(photo);
      store.announce();
    }
    await settle(record.id);
  }
  const [, left] = await due();
  if (left.length) throw new Later("pictures remain");
}

async function sendPicture(photo) {
  const path = `/photos/${photo.id}`;
  let at = photo.begun ? await receivedSoFar(path, photo) : 0;
  while (at !== null && at < photo.size_bytes) {
    photo.begun = true;
    await store.put("photos", photo);
    const part = photo.bytes.slice(at, at + PART_BYTES);
    try {
      const answer = await putPart(`${path}?offset=${at}`, part, {
        "Content-Type": photo.media_type, "Upload-Length": String(photo.size_bytes),
      });
      if (answer.complete) break;
      at = answer.received_bytes;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      at = await afterRefusal(error, photo);
    }
  }
  if (at !== null) await store.put("photos", { ...photo, bytes: null, done: true });
}

async function receivedSoFar(path, photo) {
  try {
    const answer = await getJson(path);
    return answer.complete ? photo.size_bytes : answer.received_bytes;
  } catch (error) {
    if (error instanceof Refused) return broken(photo);
    throw error;
  }
}

/** Where to go on after a part was refused; null when this picture has to wait. */
async function afterRefusal(error, photo) {
  const received = error.body.received_bytes;
  if (error.status === 409 && Number.isInteger(received)) {
    return (await counted(photo)) ? received : null;
  }
  return broken(photo);
}

async function counted(photo) {
  photo.turns = (photo.turns ?? 0) + 1;
  await store.put("photos", photo);
  return photo.turns <= 20;
}

async function broken(photo) {
  photo.broken += 1;
  photo.begun = false;
  await store.put("photos", photo);
  return null;
}

/** All pictures there: forget what is personal, unless the officer may still send it back to be mended. Some picture
    can't arrive: say so and keep it. */
async function settle(recordId) {
  const photos = await store.photosOf(recordId);
  const done = photos.every((photo) => photo.done);
  await store.change(recordId, (one) => {
    if (one.state !== "sent" && one.state !== "officer") return false;
    if (done && one.state === "sent") records.strip(one);
    else if (done) one.arrived = true;
    else one.stuck = photos.every((photo) => photo.done || photo.broken >= MOST_BROKEN);
  });
  if (done && photos.length) {
    await store.finished(["photos"], (at) => photos.forEach((photo) => at("photos").delete(photo.id)));
  }
}

/** What a person decided meanwhile about conflicts and proposals. */
async function askAboutOpen() {
  const [, , open] = await due();
  for (let from = 0; from < open.length; from += ASK_AFTER) {
    const ids = open.slice(from, from + ASK_AFTER).map((one) => one.id);
    const { results } = await getJson(`/records?ids=${ids.join(",")}`);
    for (const result of results) {
      let told = false;
      const known = await store.change(result.id, (one) => {
        if (one.state !== "officer" && one.state !== "conflict") return false;
        const before = one.state;
        records.answered(one, result);
        told = one.state !== before;
      });
      state.news ||= told;  // the household is another one now, or the member has to look
      if (result.forget) await records.dropPhotos(result.id);
      if (known && (known.state === "sent" || known.state === "officer")) await settle(known.id);
    }
  }
}
