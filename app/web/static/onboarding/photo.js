// Pictures are redrawn small before they are kept: what the camera wrote beside the picture (place, time) is gone.

import * as store from "./store.js";

export const LONGEST_SIDE = 1280;
export const MAX_BYTES = 1.5 * 1024 * 1024;
export const MAX_PHOTOS = 6;

/** A file of the camera as JPEG bytes, at most 1280 px a side. Throws when the browser can't read it. */
export async function shrink(file) {
  const picture = await load(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  for (const quality of [0.8, 0.65, 0.5, 0.35]) {
    const bytes = await encoded(canvas, "image/jpeg", quality);
    if (bytes.byteLength <= MAX_BYTES) return { bytes, media_type: "image/jpeg" };
  }
  throw new Error("too large");
}

/** The signature as drawn. */
export async function drawn(canvas) {
  return { bytes: await encoded(canvas, "image/png"), media_type: "image/png" };
}

/** Keep a picture with its record; a new signature takes the old one's place. */
export async function keep(record, kind, { bytes, media_type: mediaType }) {
  const photo = {
    id: crypto.randomUUID(), record_id: record.id, kind, media_type: mediaType, bytes, size_bytes: bytes.byteLength,
    sha256: hex(await crypto.subtle.digest("SHA-256", bytes)), done: false, broken: 0,
  };
  const old = kind === "signature" ? (await store.photosOf(record.id)).filter((one) => one.kind === kind) : [];
  await store.finished(["photos"], (at) => {
    old.forEach((one) => at("photos").delete(one.id));
    at("photos").put(photo);
  });
  return photo;
}

export function drop(photo) {
  return store.finished(["photos"], (at) => at("photos").delete(photo.id));
}

/** An address for showing it; the caller gives it back with URL.revokeObjectURL. */
export const address = (photo) => URL.createObjectURL(new Blob([photo.bytes], { type: photo.media_type }));

async function load(file) {
  if ("createImageBitmap" in window) {
    try { return await createImageBitmap(file, { imageOrientation: "from-image" }); } catch { /* the slower way */ }
  }
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function encoded(canvas, type, quality) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, quality));
  if (!blob) throw new Error("not encoded");
  return blob.arrayBuffer();
}

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
