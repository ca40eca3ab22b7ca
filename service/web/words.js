// The interface in three languages. English stands in the page itself and in `en.js`.

import { taste } from "./dom.js";
import english from "./en.js";

const BOOKS = {
  en: async () => english,
  hy: async () => (await import("./hy.js")).default,
  ru: async () => (await import("./ru.js")).default,
};
const followers = new Set();
let words = english;

const attributes = (node) => node.dataset.a.split(";").map((pair) => pair.split(":"));

for (const node of document.querySelectorAll("[data-t]"))
  english[node.dataset.t] = node.textContent;
for (const node of document.querySelectorAll("[data-a]"))
  for (const [name, key] of attributes(node)) english[key] = node.getAttribute(name);

/** The language of the interface. */
export let language = "en";

/** Returns the words for a key, with values in their places. */
export const t = (key, values = {}) =>
  (words[key] ?? english[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** Whether there are words for a key. */
export const knows = (key) => key in english;

/** Translates what the service says in English; null where the interface has no words for it. */
export const said = (text) => (language === "en" ? text : words.said?.[text]) ?? null;

/** Writes a number; where a browser does not know Armenian, as in Russian: 12,5. */
export const number = (value, options) =>
  new Intl.NumberFormat(language === "hy" ? ["hy", "ru"] : language, options).format(value);

/** Returns the name of a language in the language of the interface, as it begins a line. */
export function languageName(code) {
  const name = languageInside(code);
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/** Returns the name of a language as it stands within a sentence. */
export function languageInside(code) {
  let name;
  try {
    name = new Intl.DisplayNames([language], { type: "language", fallback: "none" }).of(code);
  } catch {
    // not a code that a browser knows
  }
  return words.languages?.[code] ?? name ?? code;
}

/** Calls `follower` now and whenever the language has changed. */
export function follow(follower) {
  followers.add(follower);
  follower();
}

export async function speak(code) {
  words = await BOOKS[code]();
  language = code;
  document.documentElement.lang = code;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-a]"))
    for (const [name, key] of attributes(node)) node.setAttribute(name, t(key));
  for (const follower of followers) follower();
}

/** Returns the language chosen before, or else the first of the browser's that there is. */
export function preferred() {
  const wanted = [taste("language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
  return wanted.find((code) => code in BOOKS) ?? "en";
}
