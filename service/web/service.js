// Talks to the service: requests, problem documents, streams, the key.

import { tab } from "./dom.js";

/** The service said no; `document` is its problem document (RFC 9457). */
export class Problem extends Error {
  constructor(document) {
    super(document.title);
    this.document = document;
  }
}

/** Nobody answered, or the answer broke off: `begun`. */
export class Unreachable extends Error {
  constructor(begun = false) {
    super("unreachable");
    this.begun = begun;
  }
}

let key = tab.get("key");

export const hasKey = () => Boolean(key);

/** Uses a key from now on; beyond this page it is kept only if `keep`. */
export function useKey(value, keep) {
  key = value;
  tab.set("key", keep ? value : null);
}

/**
 * Asks the service, for JSON unless `accept` says otherwise. Returns the response.
 * Throws Problem, Unreachable, or an AbortError when `signal` said so.
 */
export async function ask(path, { json, form, method, accept, signal } = {}) {
  const headers = { Accept: accept ?? "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  if (json) headers["Content-Type"] = "application/json";
  const body = json ? JSON.stringify(json) : form;
  const options = { method: method ?? (body ? "POST" : "GET"), headers, body, signal };
  let response;
  try {
    response = await fetch(path, { ...options, cache: "no-store", credentials: "omit" });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable();
  }
  if (!response.ok) throw await problem(response);
  return response;
}

async function problem(response) {
  let document = null;
  try {
    document = await response.json();
  } catch {
    // a proxy's page
  }
  if (typeof document?.title !== "string")
    document = { title: `HTTP ${response.status}`, detail: response.statusText };
  return new Problem({ status: response.status, ...document });
}

/** Returns what the service answers in JSON. */
export const answer = async (path, options) => whole(await ask(path, options), (r) => r.json());

/** Returns a file that the service makes: the response and its content. */
export async function file(path, options) {
  const response = await ask(path, options);
  return { response, blob: await whole(response, (r) => r.blob()) };
}

async function whole(response, read) {
  try {
    return await read(response);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable(true);
  }
}

/**
 * Asks for a stream and gives each event (`segment`, `model`) to `told`.
 * Returns the data of the last one, `result`; an `error` is thrown as Problem.
 */
export async function stream(path, json, told, signal) {
  const wanted = { json: { ...json, stream: true }, accept: "text/event-stream", signal };
  const response = await ask(path, wanted);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await whole(reader, (r) => r.read());
    if (done) throw new Unreachable(true);
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const { event, data } = parsed(block);
      if (data === null) continue;
      if (event === "result") return data;
      if (event === "error") throw new Problem(data);
      told(event, data);
    }
  }
}

/** Reads one event; `data` is null where there is none: a comment keeps the line awake. */
function parsed(block) {
  let event = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return { event, data: data.length ? JSON.parse(data.join("\n")) : null };
}

/** Returns the command that asks for the same; a key is named, never shown. */
export function curl(path, json) {
  const authorization = key ? ` \\\n  -H "Authorization: Bearer $LUR_KEY"` : "";
  return (
    `curl ${location.origin}${path} \\\n  -H 'Content-Type: application/json'${authorization} \\\n` +
    `  -d @- <<'END'\n${JSON.stringify(json)}\nEND`
  );
}
