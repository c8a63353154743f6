// Talking to the server: every answer is either JSON or one of these errors.

import { facts } from "./facts.js";

const JSON_TIMEOUT_MS = 45_000;
const PART_TIMEOUT_MS = 150_000;

/** Nobody is signed in any more. */
export class SignedOut extends Error {}

/** Signed in, but without the role, or under another name than the one whose records these are. */
export class NotYours extends Error {}

/** No network, a server in trouble, or too fast: later. `afterS` when the server said how long. */
export class Later extends Error {
  constructor(message, afterS = null) {
    super(message);
    this.afterS = afterS;
  }
}

/** The server understood and said no. */
export class Refused extends Error {
  constructor(status, body) {
    super(`refused with ${status}`);
    this.status = status;
    this.body = body;
  }
}

export const getJson = (path) => ask(path, { method: "GET" }, JSON_TIMEOUT_MS);

export const postJson = (path, body, headers = {}) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } },
    JSON_TIMEOUT_MS);

export const putPart = (path, bytes, headers) => ask(path, { method: "PUT", body: bytes, headers }, PART_TIMEOUT_MS);

/** The id of the person whose session this is. */
export async function whoIsSignedIn() {
  return (await getJson(facts.urls.me)).id;
}

async function ask(path, request, timeout) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeout);
  const address = path.startsWith("/to-cong-nghe") ? path : facts.urls.api + path;
  try {
    const answer = await fetch(address, {
      ...request,
      headers: { Accept: "application/json", ...request.headers },
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: limit.signal,
    });
    if (answer.ok) return await answer.json();
    throw await trouble(answer);
  } catch (error) {
    if (error instanceof SignedOut || error instanceof NotYours || error instanceof Refused || error instanceof Later) throw error;
    throw new Later(String(error));
  } finally {
    clearTimeout(timer);
  }
}

async function trouble(answer) {
  if (answer.status === 401) return new SignedOut("signed out");
  if (answer.status === 403) return new NotYours("not allowed");
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
    const after = Number(answer.headers.get("Retry-After"));
    return new Later(`answered ${answer.status}`, Number.isFinite(after) && after > 0 ? after : null);
  }
  return new Refused(answer.status, await answer.json().catch(() => ({})));
}
