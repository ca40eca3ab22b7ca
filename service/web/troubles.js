// Says plainly what went wrong, and waits for a service that is away.

import { $, el, fill } from "./dom.js";
import { Unreadable } from "./files.js";
import { Problem, Unreachable, ask } from "./service.js";
import { knows, number, t } from "./words.js";

const INTERVAL_MS = 3000;

/** Shows an error in `place`; `retry` is offered where trying again may help. */
export function show(place, error, retry) {
  place.hidden = false;
  if (error instanceof Problem) fill(place, ...problem(error), again(error, retry));
  else if (error instanceof Unreachable) fill(place, el("p", {}, t("broken")), again(error, retry));
  else if (error instanceof Unreadable) fill(place, el("p", {}, error.message));
  else {
    fill(place, el("p", {}, t("bug")), el("p", { lang: "en", class: "soft" }, String(error)));
    throw error;
  }
}

function problem({ document }) {
  const kind = `p.${(document.type ?? "").split(":").pop()}`;
  const {
    title,
    detail,
    errors = [],
    limit,
    actual,
    progress,
    retry_after_s: wait,
    instance,
  } = document;
  const facts = [
    [t("field"), [...new Set(errors.map(({ field }) => field))].join(", ")],
    [t("limit"), limit != null && number(limit)],
    [t("measured"), actual != null && number(actual)],
    [t("progress"), progress != null && number(progress, { style: "percent" })],
    [t("wait"), wait != null && t("seconds", { s: number(Math.ceil(wait)) })],
    [t("request"), instance],
  ];
  return [
    el("h2", {}, knows(kind) ? t(kind) : title),
    el("p", { lang: "en" }, detail ?? ""),
    el(
      "dl",
      {},
      facts
        .filter(([, fact]) => fact)
        .map(([name, fact]) => el("div", {}, el("dt", {}, name), el("dd", {}, fact))),
    ),
  ];
}

function again(error, retry) {
  const hopeless =
    error instanceof Problem && error.document.status < 500 && error.document.status !== 429;
  return retry && !hopeless
    ? el("p", {}, el("button", { type: "button", class: "plain", onclick: retry }, t("again")))
    : null;
}

/** The notice that the service is away. It looks every few seconds whether it is back. */
export class Absence {
  #timer = null;
  #retry = null;
  #back;

  constructor(back) {
    this.#back = back;
    document.addEventListener(
      "visibilitychange",
      () => document.hidden || !this.#timer || this.#look(),
    );
  }

  begin(retry) {
    this.#retry = retry ?? this.#retry;
    this.draw(true);
    this.#later();
  }

  draw(away = this.#timer !== null) {
    $("offline").hidden = !away;
    if (!away) return;
    const button = el(
      "button",
      { type: "button", class: "plain", onclick: () => this.#look(true) },
      t("again"),
    );
    fill($("offline"), el("h2", {}, t("away")), el("p", {}, t("awayMore")), el("p", {}, button));
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => document.hidden || this.#look(), INTERVAL_MS);
  }

  async #look(wanted = false) {
    try {
      await ask("/health/live");
    } catch {
      this.#later();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = null;
    this.draw();
    const retry = this.#retry;
    this.#retry = null;
    this.#back();
    if (wanted) retry?.();
  }
}
