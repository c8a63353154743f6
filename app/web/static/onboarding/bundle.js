// My hamlets, my roster, the banks: taken from the server when there is a network, kept for when there is none.

import * as store from "./store.js";
import { getJson } from "./wire.js";

/** Fetch all pages; the roster is exchanged as a whole, so that no half of it is ever shown. */
export async function fetchBundle() {
  const bundle = await getJson("/bundle");
  const rows = [...bundle.roster];
  let next = bundle.next_cursor;
  while (next) {
    const page = await getJson(`/bundle?cursor=${encodeURIComponent(next)}`);
    rows.push(...page.roster);
    next = page.next_cursor;
  }
  return { ...bundle, roster: rows };
}

/** Keep it in the open database, which must be the member's own. */
export async function keepBundle({ roster, ...bundle }) {
  delete bundle.next_cursor;
  await store.finished(["roster", "kept"], (at) => {
    at("roster").clear();
    roster.forEach((row) => at("roster").put(row));
    at("kept").put(bundle, "bundle");
  });
}

export const keptBundle = () => store.get("kept", "bundle");
