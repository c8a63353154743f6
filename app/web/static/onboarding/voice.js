// Reading aloud with the phone's own voice, where it has one.

import { button } from "./dom.js";
import { t } from "./facts.js";

/** A button that reads the words; nothing where the phone can't speak. The words are on the screen as well. */
export function readAloud(words) {
  if (!("speechSynthesis" in window)) return null;
  return button(t("read_aloud"), () => speak(words), { kind: "second", drawing: "sound" });
}

export function hush() {
  window.speechSynthesis?.cancel();
}

function speak(words) {
  hush();
  const said = new SpeechSynthesisUtterance(words);
  said.lang = document.documentElement.lang === "en" ? "en-US" : "vi-VN";
  said.rate = 0.9;
  const voice = speechSynthesis.getVoices().find((one) => one.lang.replace("_", "-").startsWith(said.lang.slice(0, 2)));
  if (voice) said.voice = voice;
  speechSynthesis.speak(said);
}
