// Draws a translation: a row for each line of the text, its sentences beside those made of them.

import { el, fill } from "./dom.js";
import { copyButton } from "./files.js";
import { Notes, explanations, lighting, ofSource, sentence } from "./sentences.js";
import { languageName } from "./words.js";

export class TranslationView {
  #root;
  #points;
  #rows;
  #body = null;
  #ready;
  #notes = new Notes();

  constructor(root, { text, target, source }) {
    this.#root = root;
    this.#points = Array.from(text); // spans count code points, JavaScript counts halves of them
    this.targets = target;
    this.source = source;
    this.answer = null;
    this.count = 0;
    this.#rows = lines(this.#points).map((row) => ({ ...row, said: target.map(() => []) }));
    this.#ready = lighting(root);
    this.draw();
  }

  /** Takes in a sentence of the stream. */
  add({ target, ...segment }) {
    const row = this.#put(this.targets.indexOf(target), segment);
    this.count += 1;
    this.#number(segment);
    this.#drawRow(row);
  }

  /** Takes in the whole answer. */
  finish(answer) {
    this.answer = answer;
    for (const row of this.#rows) row.said = this.targets.map(() => []);
    for (const { target, segments } of answer.translations)
      for (const segment of segments) this.#put(this.targets.indexOf(target), segment);
    this.draw();
  }

  /** What can be copied and saved. */
  texts() {
    return this.answer.translations.map(({ target, text }) => [target, text]);
  }

  draw() {
    this.#notes = new Notes();
    this.#body = el("div", { class: "parallel", "data-n": this.targets.length });
    const names = [this.source, ...this.targets].map((code, column) => {
      const text = () => this.answer.translations[column - 1].text;
      const button = column && this.answer ? copyButton(text, languageName(code)) : null;
      return el("h3", {}, languageName(code), button);
    });
    fill(
      this.#root,
      el("div", { class: "parallel head", "data-n": this.targets.length }, names),
      this.#body,
    );
    for (const row of this.#rows) {
      row.place = el("div", { class: "row" });
      this.#body.append(row.place);
      row.said.flat().forEach((segment) => this.#number(segment));
      this.#drawRow(row);
    }
    this.#ready();
  }

  #put(column, segment) {
    const { start, end } = segment.source;
    const at = this.#rows.findLastIndex((row) => row.start <= start);
    const row = this.#rows[Math.max(0, at)];
    row.end = Math.max(row.end, end);
    row.said[column].push(segment);
    return row;
  }

  #number(segment) {
    segment.notes = this.#notes.take(segment.warnings);
  }

  #drawRow(row) {
    const columns = row.said.map((segments, i) => {
      const code = this.targets[i];
      const text = this.#joined(row, segments, ({ source, text, notes }) =>
        sentence(
          text,
          `${source.start}`,
          notes.filter((note) => !ofSource(note)),
          notes,
        ),
      );
      const below = explanations(segments.flatMap(({ notes }) => notes));
      return el(
        "div",
        { lang: code, "data-c": code },
        el("p", {}, segments.length ? text : null),
        below,
      );
    });
    const source = el(
      "div",
      { lang: this.source, "data-c": "source" },
      el("p", {}, this.#sourceOf(row)),
    );
    fill(row.place, source, columns);
  }

  /** The line itself: sentences that are done can light up, and show what was lost of them. */
  #sourceOf(row) {
    const done = new Map();
    for (const { source, notes } of row.said.flat()) {
      const { notes: others } = done.get(source.start) ?? { notes: [] };
      done.set(source.start, { source, notes: [...others, ...notes] });
    }
    const segments = [...done.values()].sort((a, b) => a.source.start - b.source.start);
    const own = ({ source, notes }) =>
      sentence(this.#text(source.start, source.end), `${source.start}`, notes.filter(ofSource));
    return [
      ...this.#joined(row, segments, own),
      this.#text(segments.at(-1)?.source.end ?? row.start, row.end),
    ];
  }

  /** Between sentences stands what stands between them in the text. */
  #joined(row, segments, drawn) {
    let at = row.start;
    return segments.flatMap((segment) => {
      const gap = this.#text(at, segment.source.start);
      at = segment.source.end;
      return [gap, drawn(segment)];
    });
  }

  #text(start, end) {
    return this.#points.slice(start, end).join("");
  }
}

/** Returns where the lines that are not blank begin and end, in code points. */
function lines(points) {
  const found = [];
  for (let start = 0, i = 0; i <= points.length; i++) {
    if (i < points.length && points[i] !== "\n" && points[i] !== "\r") continue;
    if (points.slice(start, i).some((point) => point.trim())) found.push({ start, end: i });
    start = i + 1;
  }
  return found.length ? found : [{ start: 0, end: points.length }];
}
