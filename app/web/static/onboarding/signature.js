// A signature drawn by finger.

import { h } from "./dom.js";
import { t } from "./facts.js";

const HEIGHT_PX = 190;
const SCALE = 2;

/** A sheet to sign on. `signed(canvas)` is called when the finger leaves it after drawing. */
export function sheet(signed) {
  const canvas = h("canvas", { class: "sign", role: "img", "aria-label": t("sign_here") });
  const pen = canvas.getContext("2d");
  let last = null;
  let drew = false;

  function clear() {
    canvas.width = Math.max(200, canvas.clientWidth) * SCALE;
    canvas.height = HEIGHT_PX * SCALE;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = "#1d2a23";
    pen.lineWidth = 2.6 * SCALE;
    pen.lineCap = pen.lineJoin = "round";
    drew = false;
  }

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const next = place(event);
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...next);
    pen.stroke();
    last = next;
    drew = true;
  });
  const lift = () => {
    if (last && drew) signed(canvas);
    last = null;
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  requestAnimationFrame(clear);
  return { element: canvas, clear };
}
