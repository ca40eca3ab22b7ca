// How the models stand, what they are worth, and loading one. Asks again only while one is moving.

import { $, el, fill } from "./dom.js";
import { answer } from "./service.js";
import { language, languageInside, languageName, number, said, t } from "./words.js";

const MOVING = ["downloading", "converting", "loading"];
const CAN_LOAD = ["absent", "on_disk", "failed"];
const INTERVAL_MS = 1000;

export class Models {
  #rows = [];
  #figures = new Map();
  #timer = null;
  #failed;

  /** `failed` is told what a request throws. */
  constructor(failed) {
    this.#failed = failed;
    this.languages = [];
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  /** Asks for the pairs and the models. */
  async begin() {
    this.languages = await answer("/v1/languages");
    for (const one of this.languages) this.#figures.set(one.model, one.quality);
    await this.refresh();
  }

  /** One is said to be on its way: asks how the models stand, unless that is done anyway. */
  watch() {
    if (this.#timer === null) this.refresh();
  }

  /** Asks how the models stand; again in a second while one is on its way. */
  async refresh() {
    clearTimeout(this.#timer);
    this.#timer = null;
    try {
      this.#rows = await answer("/v1/models");
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.draw();
    if (!document.hidden && this.#rows.some(({ state }) => MOVING.includes(state)))
      this.#timer = setTimeout(() => this.refresh(), INTERVAL_MS);
  }

  draw() {
    if (!this.#rows.length) return;
    const focused = document.activeElement?.dataset.load;
    const drawn = (rows) => rows.map((row) => this.#item(row));
    fill($("model-list"), drawn(this.#rows.filter((row) => row.default)));
    const others = this.#rows.filter((row) => !row.default);
    fill($("other-list"), drawn(others));
    $("other-models").hidden = !others.length;
    if (focused) document.querySelector(`[data-load="${CSS.escape(focused)}"]`)?.focus();
  }

  #item(row) {
    const name = languageInside(row.target);
    const task = row.source ? `${languageName(row.source)} → ${name}` : t("summaryOf", { name });
    const figure = this.#figures.get(row.name);
    const worth = said(row.worth);
    const line = [
      figure && t("figure", { ...figure, value: number(figure.value) }),
      t("licence", { name: row.license }),
    ];
    return el(
      "li",
      {},
      el("h3", {}, task),
      el("p", { class: "name" }, row.name),
      row.worth && el("p", { class: "worth", lang: worth ? language : "en" }, worth ?? row.worth),
      el("p", { class: "soft" }, line.filter(Boolean).join(" · ")),
      this.#state(row),
    );
  }

  #state(row) {
    const share = row.progress != null && MOVING.includes(row.state) ? row.progress : null;
    const percent =
      share != null ? ` ${number(share, { style: "percent", maximumFractionDigits: 0 })}` : "";
    const label = el("span", { class: `state ${row.state}` }, t(`s.${row.state}`), percent);
    const bar =
      MOVING.includes(row.state) &&
      el("progress", { max: 1, value: share, "aria-label": row.name });
    const load = () => this.#load(row.name);
    const attributes = {
      type: "button",
      "data-load": row.name,
      onclick: load,
      "aria-label": t("loadOf", { name: row.name }),
    };
    const button = CAN_LOAD.includes(row.state) && el("button", attributes, t("load"));
    const reason = row.reason && el("p", { class: "soft", lang: "en" }, row.reason);
    return [el("p", { class: "standing" }, label, bar || null, button || null), reason || null];
  }

  async #load(name) {
    $("models-problem").replaceChildren();
    try {
      await answer(`/v1/models/${encodeURIComponent(name)}/load`, { method: "POST" });
    } catch (error) {
      this.#failed(error, $("models-problem"));
    }
    await this.refresh();
  }
}
