// If all else fails: what is on the phone as a file, to be carried to the commune.

import * as store from "./store.js";
import { UNSENT, wire } from "./records.js";

/** Everything that hasn't arrived whole, or the given records, as one JSON file. */
export async function exportRecords(member, chosen = null) {
  const all = chosen ?? (await store.all("records")).filter((one) => UNSENT.includes(one.state) || (!one.stripped && one.state !== "done"));
  const papers = [];
  for (const record of all) {
    const photos = await store.photosOf(record.id);
    papers.push({
      state: record.state,
      record: wire(record, photos),
      photos: await Promise.all(photos.filter((one) => one.bytes).map(async (one) => ({
        id: one.id, kind: one.kind, media_type: one.media_type, base64: await base64(one.bytes),
      }))),
    });
  }
  const content = JSON.stringify({ format: "chophien-doorstep-1", member_id: member.id, saved_at: new Date().toISOString(), papers }, null, 1);
  const url = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = `phieu-tai-nha-${new Date().toISOString().slice(0, 10)}.json`;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function base64(bytes) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1]);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes]));
  });
}
