// Draws a summary: its translations beside it, and the article with what each sentence rests on.

import { el, fill } from "./dom.js";
import { copyButton } from "./files.js";
import { Notes, explanations, lighting, ofSource, sentence } from "./sentences.js";
import { languageName, t } from "./words.js";

const OF_TRANSLATION = /^([a-z]{2,3}(?:[-_]\w+)*): /;

export class SummaryView {
  #root;
  #points;
  #ready;
  #bullets;
  #sentences = [];

  constructor(root, { text, translate_to, format }) {
    this.#root = root;
    this.#points = Array.from(text); // spans count code points, JavaScript counts halves of them
    this.#bullets = format === "bullets";
    this.targets = translate_to;
    this.answer = null;
    this.#ready = lighting(root);
  }

  get count() {
    return this.#sentences.length;
  }

  /** Takes in a sentence of the stream, or its translation. */
  add({ index, target, text, sources, warnings }) {
    const one = (this.#sentences[index] ??= { text: "", sources: [], translations: {}, notes: [] });
    if (target == null) Object.assign(one, { text, sources });
    else one.translations[target] = text;
    one.notes.push(...warnings.map((warning) => ({ ...warning, target })));
    this.draw();
  }

  /** Takes in the whole answer. */
  finish(answer) {
    this.answer = answer;
    this.#sentences = answer.sentences.map(({ warnings, ...one }) => ({
      ...one,
      notes: warnings.map((warning) => {
        const [prefix, target] = warning.message.match(OF_TRANSLATION) ?? [""];
        return { ...warning, target, message: warning.message.slice(prefix.length) };
      }),
    }));
    this.draw();
  }

  /** What can be copied and saved: the summary, then its translations. */
  texts() {
    const { summary, translations } = this.answer;
    return [["en", summary], ...Object.entries(translations)];
  }

  draw() {
    const notes = new Notes();
    const columns = this.targets.map((target) => this.#column(target, notes));
    const beside = columns.length
      ? el("div", { class: "beside", "data-n": columns.length }, columns)
      : null;
    const told = el("div", { class: "told" }, this.#lead(notes), beside);
    fill(this.#root, el("div", { class: "sheet" }, told, this.#article()));
    this.#ready();
  }

  #lead(notes) {
    const button = this.answer && copyButton(() => this.answer.summary, languageName("en"));
    const head = el("h3", {}, languageName("en"), button);
    return el("div", { class: "lead", lang: "en", "data-c": "en" }, head, this.#text(null, notes));
  }

  #column(target, notes) {
    const name = languageName(target);
    const button = this.answer && copyButton(() => this.answer.translations[target], name);
    const body = this.#text(target, notes);
    return el("div", { lang: target, "data-c": target }, el("h3", {}, name, button), body);
  }

  #text(target, notes) {
    const all = [];
    const said = this.#sentences.map((one, index) => {
      const text = target == null ? one.text : one.translations[target];
      if (text === undefined) return null;
      const own = notes.take(one.notes.filter((note) => (note.target ?? null) === target));
      all.push(...own);
      const marked = own.filter((note) => !ofSource(note));
      return sentence(text, `${index}`, marked, own);
    });
    const shown = said.filter(Boolean);
    const body = this.#bullets
      ? el(
          "ul",
          {},
          shown.map((one) => el("li", {}, one)),
        )
      : el(
          "p",
          {},
          shown.flatMap((one) => [one, " "]),
        );
    return [body, explanations(all)];
  }

  #article() {
    const box = el("div", {
      class: "scroll",
      tabindex: 0,
      role: "region",
      "aria-label": t("article"),
    });
    box.append(...this.#stretches());
    const head = el("h3", {}, t("article"));
    const hint = this.#sentences.some((one) => one.sources.length) ? t("rests") : "";
    return el(
      "aside",
      { class: "article", lang: "en", "data-c": "article" },
      head,
      el("p", { class: "hint" }, hint),
      box,
    );
  }

  /** Cuts the article where the spans of its sentences begin and end. */
  #stretches() {
    const spans = this.#sentences.flatMap(({ sources }, id) =>
      sources.map((span) => ({ ...span, id })),
    );
    const cuts = [0, this.#points.length, ...spans.flatMap(({ start, end }) => [start, end])];
    const edges = [...new Set(cuts)].sort((a, b) => a - b);
    return edges.slice(1).map((end, i) => {
      const text = this.#points.slice(edges[i], end).join("");
      const ids = spans
        .filter((span) => span.start <= edges[i] && span.end >= end)
        .map(({ id }) => id);
      return ids.length ? sentence(text, [...new Set(ids)].join(" ")) : text;
    });
  }
}
