// The terms that a translation must use, kept for each target language on its own.

import { $, el, fill, tab } from "./dom.js";
import { languageInside, number, t } from "./words.js";

export class Glossary {
  #terms = tab.get("glossary") ?? {};
  #target = null;

  constructor() {
    $("glossary-add").addEventListener("click", () => {
      this.#rows.push(["", ""]);
      this.draw();
      $("glossary-rows").lastElementChild.querySelector("input").focus();
    });
  }

  get #rows() {
    return (this.#terms[this.#target] ??= []);
  }

  /** Shows the terms of the language that is translated into; null while it is not one alone. */
  show(targets) {
    this.#target = targets.length === 1 ? targets[0] : null;
    this.draw();
  }

  /** Returns the terms to send, or undefined where there are none. */
  sent() {
    if (!this.#target) return undefined;
    const whole = this.#rows.filter(([from, to]) => from.trim() && to.trim());
    const terms = whole.map((pair) => pair.map((one) => one.trim()));
    return terms.length ? Object.fromEntries(terms) : undefined;
  }

  draw() {
    const one = this.#target !== null;
    $("glossary-note").textContent = one
      ? t("glossaryFor", { name: languageInside(this.#target) })
      : t("glossaryOne");
    $("glossary-add").hidden = !one;
    fill($("glossary-rows"), one ? this.#rows.map((pair, index) => this.#row(pair, index)) : []);
    this.#count();
  }

  #row(pair, index) {
    const input = (side, label, lang) => {
      const made = el("input", { maxlength: 200, "aria-label": label, placeholder: label, lang });
      made.value = pair[side];
      made.addEventListener("input", () => {
        pair[side] = made.value;
        this.#keep();
      });
      return made;
    };
    const remove = () => {
      this.#rows.splice(index, 1);
      this.#keep();
      this.draw();
      $("glossary-add").focus();
    };
    const label = t("removeTerm", { name: pair[0] || number(index + 1) });
    return el(
      "p",
      {},
      input(0, t("inText"), "en"),
      el("span", { "aria-hidden": "true" }, "→"),
      input(1, t("inTranslation"), this.#target),
      el("button", { type: "button", onclick: remove, "aria-label": label }, t("remove")),
    );
  }

  #keep() {
    tab.set("glossary", this.#terms);
    this.#count();
  }

  #count() {
    const terms = Object.keys(this.sent() ?? {}).length;
    $("terms").textContent = terms ? number(terms) : "";
  }
}
