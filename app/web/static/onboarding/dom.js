// Making elements. Text always goes in as text, never as markup.

import { facts } from "./facts.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (functions become listeners; false, null and undefined are left out) and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${facts.icons}#${name}`);
  svg.append(use);
  return svg;
}

export function button(words, act, { kind = "", drawing = null, ...rest } = {}) {
  return h("button", { type: "button", class: `btn ${kind}`.trim(), click: act, ...rest }, drawing && icon(drawing), words);
}

export function link(words, href, { kind = "", drawing = null, ...rest } = {}) {
  return h("a", { class: `btn ${kind}`.trim(), href, ...rest }, drawing && icon(drawing), words);
}

export function notice(tone, title, ...body) {
  const drawing = tone === "good" ? "ok" : tone ? "warn" : "info";
  const role = tone === "bad" ? "alert" : "status";
  return h("div", { class: `notice ${tone}`.trim(), role }, icon(drawing), h("div", {}, h("strong", {}, title), ...body));
}

export function badge(words, tone = "") {
  return h("span", { class: `badge status ${tone}`.trim() }, words);
}

/** A labelled input with its hint and error tied to it. */
export function field({ label, name, value = "", hint = "", error = "", tag = "input", ...rest }) {
  const about = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ");
  return h("div", { class: "field" },
    h("label", { for: name }, label),
    hint && h("span", { class: "hint", id: `${name}-hint` }, hint),
    error && h("span", { class: "error", id: `${name}-error` }, icon("warn"), " ", error),
    h(tag, { class: "input", id: name, name, value, autocomplete: "off",
      "aria-describedby": about || null, "aria-invalid": error ? "true" : null, ...rest }));
}

/** Large choices, one of which may be taken. `options`: [value, words, small print]. */
export function choices({ legend, name, options, value, error = "", choose, pair = false }) {
  return h("fieldset", { class: "field", "aria-describedby": error ? `${name}-error` : null },
    h("legend", { class: "sr" }, legend),
    error && h("span", { class: "error", id: `${name}-error` }, icon("warn"), " ", error),
    h("div", { class: pair ? "picks pair" : "picks" }, options.map(([key, words, small], at) =>
      h("label", { class: "pick", for: `${name}-${at}` },
        h("input", { type: "radio", name, id: `${name}-${at}`, value: key, checked: key === value, change: () => choose(key) }),
        h("span", {}, words, small && h("span", { class: "soft small" }, small))))));
}
