// What the phone keeps, in a database of its own for each team member who signs in on it.
//   records  one per registration or edit made here      photos  bytes that wait to be sent, by record
//   roster   households of my hamlets, masked            kept    the rest of the bundle, under a name

const VERSION = 1;
const WHO = "chophien-to-cong-nghe";
let database = null;
let channel = null;
const listeners = new Set();

/** Who used the app here last: {id, name, locked}; null on a fresh phone. `locked` after the session has ended. */
export function lastMember() {
  try { return JSON.parse(localStorage.getItem(WHO)); } catch { return null; }
}

export function rememberMember(member) {
  localStorage.setItem(WHO, JSON.stringify(member));
}

/** Open this member's database and no other. */
export async function open(memberId) {
  close();
  const asked = indexedDB.open(`chophien-${memberId}`, VERSION);
  asked.onupgradeneeded = () => {
    const made = asked.result;
    made.createObjectStore("records", { keyPath: "id" });
    made.createObjectStore("photos", { keyPath: "id" }).createIndex("record", "record_id");
    made.createObjectStore("roster", { keyPath: "code" });
    made.createObjectStore("kept");
  };
  database = await result(asked);
  database.onversionchange = () => database.close();
  if ("BroadcastChannel" in window) {
    channel = new BroadcastChannel(`chophien-${memberId}`);
    channel.onmessage = () => listeners.forEach((listener) => listener());
  }
}

export function close() {
  database?.close();
  channel?.close();
  database = channel = null;
}

export const isOpen = () => database !== null;

/** Tell this page and the other tabs that something they show has changed. */
export function announce() {
  channel?.postMessage("changed");
  listeners.forEach((listener) => listener());
}

export function onChange(listener) {
  listeners.add(listener);
}

export const get = (store, key) => result(read(store).get(key));
export const all = (store) => result(read(store).getAll());
export const photosOf = (recordId) => result(read("photos").index("record").getAll(recordId));

export function put(store, value, key) {
  return finished([store], (at) => at(store).put(value, key));
}

/** Several writes that land together or not at all: `write(at)` gets a way to each store. */
export function finished(stores, write) {
  return new Promise((resolve, reject) => {
    const work = database.transaction(stores, "readwrite");
    work.oncomplete = () => resolve();
    work.onerror = work.onabort = () => reject(work.error ?? new Error("nothing was written"));
    write((store) => work.objectStore(store));
  });
}

/** Read a record, change it and write it back in one transaction; null when it is gone. */
export function change(id, alter) {
  return new Promise((resolve, reject) => {
    let changed = null;
    const work = database.transaction(["records"], "readwrite");
    work.oncomplete = () => resolve(changed);
    work.onerror = work.onabort = () => reject(work.error ?? new Error("nothing was written"));
    const records = work.objectStore("records");
    records.get(id).onsuccess = (event) => {
      changed = event.target.result ?? null;
      if (changed && alter(changed) !== false) records.put(changed);
    };
  });
}

function read(store) {
  return database.transaction(store).objectStore(store);
}

function result(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}
