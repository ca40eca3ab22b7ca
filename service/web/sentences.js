// Sentences that belong together light up together; what is doubtful is marked and explained.

import { el } from "./dom.js";
import { knows, language, t } from "./words.js";

/** Warnings whose value stands in the source; that of all others stands in what was made of it. */
const OF_SOURCE = new Set([
  "number_lost",
  "url_lost",
  "glossary_missed",
  "name_inconsistent",
]);

/** The notes of one result, numbered from 1. */
export class Notes {
  #count = 0;

  /** Returns notes for the warnings of a sentence. */
  take(warnings) {
    return warnings.map((warning) => ({ ...warning, number: ++this.#count }));
  }
}

export const ofSource = (note) => OF_SOURCE.has(note.code);

/** Says a warning in the language of the interface; one it does not know, as the service does. */
export function explained({ code, value, message }) {
  return knows(`w.${code}`) ? t(`w.${code}`, { value }) : message;
}

/** Returns a sentence: `id` is what its partners have too, `marked` the notes on values in it. */
export function sentence(text, id, marked = [], notes = []) {
  const spots = found(text, marked);
  const parts = [];
  let done = 0;
  for (const [start, end] of spots) {
    parts.push(text.slice(done, start), el("mark", {}, text.slice(start, end)));
    done = end;
  }
  parts.push(text.slice(done));
  const doubt = notes.length && !spots.length ? " doubt" : "";
  return el(
    "span",
    { class: `s${doubt}`, "data-s": id, tabindex: -1 },
    parts,
    notes.map(reference),
  );
}

const reference = ({ number }) =>
  el(
    "a",
    { class: "ref", href: `#note-${number}`, "aria-label": t("note", { number }) },
    `${number}`,
  );

/** Returns the explanations of notes, to stand below their paragraph; null where there are none. */
export function explanations(notes) {
  if (!notes.length) return null;
  const item = (note) =>
    el("li", { id: `note-${note.number}`, value: note.number, tabindex: -1 }, explained(note));
  return el("ol", { class: "notes", lang: language }, notes.map(item));
}

/** Returns where the notes' values stand in a text as whole words, in order, without overlaps. */
function found(text, notes) {
  const spots = [];
  for (const { value } of notes) {
    const plain = (value ?? "").replace(/…$/, "");
    for (let at = text.indexOf(plain); plain && at >= 0; at = text.indexOf(plain, at + 1)) {
      const end = at + plain.length;
      if (inWord(text, at) || inWord(text, end)) continue;
      spots.push([at, end]);
      break;
    }
  }
  spots.sort((a, b) => a[0] - b[0]);
  return spots.filter(([start], i) => i === 0 || start >= spots[i - 1][1]);
}

const inWord = (text, at) =>
  /^[\p{L}\p{N}]{2}$/u.test(text.slice(Math.max(0, at - 1), at + 1)) && at > 0;

/** Makes partners light up, by pointer and by focus; arrow keys go from sentence to sentence. */
export function lighting(root) {
  let lit = [];
  let current = null;

  function light(from) {
    for (const one of lit) one.classList.remove("lit");
    lit = from ? partners(root, from) : [];
    for (const one of lit) one.classList.add("lit");
    for (const box of root.querySelectorAll(".scroll"))
      if (!box.contains(from))
        reveal(
          box,
          lit.find((one) => box.contains(one)),
        );
  }

  function focusOn(next) {
    if (current) current.tabIndex = -1;
    current = next;
    current.tabIndex = 0;
  }

  root.addEventListener("pointerover", ({ target }) => light(target.closest(".s")));
  root.addEventListener("pointerleave", () => light(document.activeElement?.closest(".s")));
  root.addEventListener("focusin", ({ target }) => {
    if (target.matches(".s")) focusOn(target);
    light(target.closest(".s"));
  });
  root.addEventListener("focusout", () => light(null));
  root.addEventListener("keydown", (event) => {
    const next = event.target.matches(".s") && neighbour(root, event.target, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  /** After a new drawing one sentence can be reached by Tab. */
  return () => {
    light(null);
    const first = root.querySelector(".s");
    if (first) focusOn(first);
  };
}

function partners(root, { dataset }) {
  const ids = dataset.s.split(" ").map((id) => `[data-s~="${id}"]`);
  return [...root.querySelectorAll(ids.join())];
}

function reveal(box, one) {
  if (!one) return;
  const [inner, outer] = [one.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom)
    box.scrollTop += inner.top - outer.top - outer.height / 3;
}

function neighbour(root, from, key) {
  const column = from.closest("[data-c]").dataset.c;
  const along = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (along) {
    const all = [...root.querySelectorAll(`[data-c="${column}"] .s`)];
    return all[all.indexOf(from) + along];
  }
  const across = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (!across) return null;
  const columns = [...new Set([...root.querySelectorAll("[data-c]")].map((one) => one.dataset.c))];
  const next = columns[columns.indexOf(column) + across];
  return partners(root, from).find((one) => one.closest("[data-c]").dataset.c === next);
}
