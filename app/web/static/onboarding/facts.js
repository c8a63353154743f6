// What the page brought along: texts in the person's language, purposes of consent, addresses. Nothing of anybody.

export const facts = JSON.parse(document.getElementById("facts").textContent);

/** The text of this name; `%(n)s` is replaced from `values`. */
export function t(name, values = {}) {
  const text = facts.words[name];
  if (text === undefined) throw new Error(`no text named ${name}`);
  return text.replace(/%\((\w+)\)s/g, (_whole, key) => String(values[key] ?? ""));
}

/** Day and time as on a Vietnamese wall. */
export function moment(iso) {
  const at = new Date(iso);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())} ${two(at.getDate())}/${two(at.getMonth() + 1)}/${at.getFullYear()}`;
}
