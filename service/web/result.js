// The frame of a result: what to do with it, what holds for all of it, how to ask for it elsewhere.

import { el, fill } from "./dom.js";
import { copyButton, toolbar } from "./files.js";
import { explained } from "./sentences.js";
import { curl } from "./service.js";
import { number, said, t } from "./words.js";

/** Draws the frame around a view, whose own place is `root`; `seconds` once it is whole. */
export function frame(place, { view, root, body, path, task, seconds }, ask) {
  const title = t(task === "summarize" ? "summary" : "translation");
  const head = el("h2", { id: "result-title" }, title);
  const done = view.answer !== null;
  fill(
    place,
    el(
      "div",
      { class: "head" },
      head,
      done ? toolbar(view, title, task === "summarize" ? "summary" : "translation", ask) : null,
    ),
    done ? general(view.answer) : null,
    root,
    done ? colophon(view.answer, seconds) : null,
    command(path, body),
  );
}

/** Warnings about the answer as a whole, such as what its model is worth. */
function general({ warnings, translations }) {
  const all = warnings ?? translations.flatMap((one) => one.warnings);
  const whole = all.filter(({ sentence, segment }) => sentence == null && segment == null);
  const once = new Map(whole.map((one) => [one.code + one.value, one]));
  if (!once.size) return null;
  return el(
    "ul",
    { class: "cautions" },
    [...once.values()].map((one) => el("li", {}, about(one))),
  );
}

/** A model that comes with the service says what it is worth, in English after its name. */
function about(warning) {
  if (warning.code !== "bundled_model") return explained(warning);
  const worth = warning.message.replace(`${warning.value}: `, "");
  const known = said(worth);
  if (known !== null) return `${warning.value}: ${known}`;
  return [explained(warning), " ", el("span", { lang: "en" }, worth)];
}

function colophon({ usage, models }, seconds) {
  const used = new Map(Object.values(models).map((one) => [one.name, one]));
  const names = [...used.values()].map(
    (one) => `${one.name} (${one.license}, ${one.quantization})`,
  );
  const figures = {
    n: number(usage.input_characters),
    s: number(seconds, { maximumSignificantDigits: 2 }),
  };
  return el("p", { class: "colophon" }, [t("colophon", figures), ...names].join(" · "));
}

function command(path, body) {
  const text = curl(path, body);
  const pre = el(
    "pre",
    { tabindex: 0, role: "region", "aria-label": t("curl"), lang: "en" },
    el("code", {}, text),
  );
  return el(
    "details",
    { class: "command" },
    el("summary", {}, t("curl")),
    pre,
    copyButton(() => text, "curl"),
  );
}
