// What can be chosen for the work, from what the service offers; choices are kept for this tab.

import { $, el, tab } from "./dom.js";
import { languageName } from "./words.js";

const kept = tab.get("options") ?? {};

const chosen = (name) => document.querySelector(`[name="${name}"]:checked`).value;
const whole = (id) => ($(id).value ? $(id).valueAsNumber : undefined);

export const source = () => $("source").value || "en";
export const quality = () => chosen("quality");

/** Returns the languages that are ticked: `also` for a summary, `into` for a translation. */
export const ticked = (id) => [...$(id).querySelectorAll(":checked")].map((box) => box.value);

/** Returns the choices for a summary as the service names them. */
export const forSummary = () => ({
  length: chosen("length"),
  format: chosen("format"),
  translate_to: ticked("also"),
  max_sentences: whole("max-sentences"),
  max_words: whole("max-words"),
});

/** Returns the choices for a translation as the service names them. */
export const forTranslation = () => ({
  source: source(),
  target: ticked("into"),
  quality: quality(),
});

/** Chooses what was chosen before in this tab. */
export function restore() {
  for (const name of ["length", "format", "quality"]) {
    const value = CSS.escape(kept[name] ?? "");
    const input = document.querySelector(`[name="${name}"][value="${value}"]`);
    if (input) input.checked = true;
  }
}

/** Keeps a choice that was just made with `input`; returns whether it was one. */
export function keep(input) {
  const group = input.closest("fieldset")?.id;
  if (group === "also" || group === "into") kept[group] = ticked(group);
  else if (input.name || input.id === "source") kept[input.name || "source"] = input.value;
  else return false;
  tab.set("options", kept);
  return true;
}

/** Draws the languages that `pairs` of the service have. */
export function drawLanguages(pairs) {
  const origins = [...new Set(pairs.map((pair) => pair.source))];
  const from = kept.source ?? source();
  const option = (code) => el("option", { value: code }, languageName(code));
  $("source").replaceChildren(...origins.map(option));
  $("source").value = origins.includes(from) ? from : (origins[0] ?? "");
  $("sources").hidden = origins.length < 2;
  drawTargets("also", "en", pairs, 3);
  drawTargets("into", source(), pairs, 1);
}

/** Draws what can be translated into from `origin`; the first `count` are ticked at first. */
function drawTargets(id, origin, pairs, count) {
  const targets = pairs.filter((pair) => pair.source === origin).map((pair) => pair.target);
  const before = kept[id] ?? targets.slice(0, count);
  const box = (code) => {
    const input = el("input", { type: "checkbox", value: code, checked: before.includes(code) });
    return el("label", {}, input, el("span", {}, languageName(code)));
  };
  $(id).hidden = !targets.length;
  $(id).replaceChildren($(id).firstElementChild, ...targets.map(box));
}
