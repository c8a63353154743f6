// The camera on the citizen card's QR, through the browser's own BarcodeDetector. Where there is none, the text that
// the phone's camera app reads can be pasted, or everything typed.

import { button, h } from "./dom.js";
import { t } from "./facts.js";

const LOOK_EVERY_MS = 200;

export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

/** A button that opens the camera; `found(text)` gets what a code says and answers whether it was the right kind. */
export function scanner(found) {
  const place = h("div", { class: "scan" });
  let stream = null;

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
  }

  async function look() {
    const words = h("p", { class: "soft", role: "status" }, t("scan_hint"));
    const video = h("video", { playsinline: true, muted: true, "aria-label": t("scan_view") });
    place.replaceChildren(video, words, button(t("scan_stop"), () => { stop(); idle(); }, { kind: "second wide" }));
    try {
      const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
      video.srcObject = stream;
      await video.play();
      while (stream && place.isConnected) {
        const codes = await detector.detect(video).catch(() => []);
        if (codes.length && found(codes[0].rawValue)) break;
        if (codes.length) words.textContent = t("scan_other");
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
      stop();
    } catch {
      stop();
      idle(t("scan_no_camera"));
    }
  }

  function idle(trouble = "") {
    place.replaceChildren(
      button(t("scan"), look, { kind: "wide large", drawing: "qr" }), trouble && h("p", { class: "error", role: "alert" }, trouble));
  }

  idle();
  return { element: place, stop };
}
