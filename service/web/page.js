// The page: what was asked for, what is shown, what is remembered. Everything else has its own file.

import {
  drawLanguages,
  forSummary,
  forTranslation,
  keep,
  quality,
  restore,
  source,
  ticked,
} from "./choices.js";
import { $, el, tab, taste } from "./dom.js";
import { dropping, offerWhole, textOf } from "./files.js";
import { Glossary } from "./glossary.js";
import { Models } from "./models.js";
import { frame } from "./result.js";
import { Problem, Unreachable, hasKey, stream, useKey } from "./service.js";
import { SummaryView } from "./summary.js";
import { TranslationView } from "./translation.js";
import { Absence, show } from "./troubles.js";
import { follow, language, languageInside, number, preferred, speak, t } from "./words.js";

const TASKS = ["summarize", "translate"];
const THEMES = ["auto", "light", "dark"];
const COUNT_MS = 2000;
const VIEWS = { summarize: SummaryView, translate: TranslationView };

let task = location.hash === "#translate" ? "translate" : "summarize";
let busy = null; // what stops the work that is going on
let given = null; // the file that the text comes from
let trouble = null; // draws the problem that is shown
let countedAt = 0; // when the sentences were last counted aloud
let afterKey = null; // what to do once there is a key
const results = { summarize: null, translate: null };

const models = new Models((error, place) => failed(error, place ?? $("problem")));
const glossary = new Glossary();
const absence = new Absence(() => {
  status(t("back"));
  begin();
});
const ask = {
  run: attempt,
  options: () => ({ source: source(), quality: quality(), glossary: glossary.sent() }),
};

const status = (text) => ($("status").textContent = text);

// --- Work -------------------------------------------------------------------------------------

/** Returns what to ask the service for. */
function body() {
  const text = $("text").value;
  if (task === "summarize") return { text, ...forSummary() };
  return { text, ...forTranslation(), glossary: glossary.sent(), segments: true };
}

/** Runs work that can be stopped, and says what becomes of it. */
async function attempt(work) {
  if (busy) return;
  busy = new AbortController();
  trouble = null;
  $("problem").hidden = true;
  standing(t("working"));
  try {
    status((await work(busy.signal)) ?? "");
  } catch (error) {
    failed(error, $("problem"), () => attempt(work));
  } finally {
    const ended = document.activeElement === $("stop");
    busy = null;
    standing();
    if (ended) ($("result").hidden ? $("text") : $("result")).focus();
  }
}

function failed(error, place, retry) {
  status(error.name === "AbortError" ? t("stopped") : "");
  if (error.name === "AbortError") return;
  if (error instanceof Unreachable && !error.begun) absence.begin(retry);
  else if (error instanceof Problem && error.document.status === 401) askForKey(retry);
  else {
    if (place === $("problem")) trouble = () => show(place, error, retry);
    show(place, error, retry);
  }
}

/** Shows whether work is going on: what can be stopped, what it says. */
function standing(text) {
  $("run").hidden = $("shortcut").hidden = Boolean(busy);
  $("stop").hidden = !busy;
  $("desk").setAttribute("aria-busy", Boolean(busy));
  if (!busy) $("progress").hidden = true;
  else {
    status(text);
    $("stop").focus();
  }
}

async function run() {
  if (busy) return;
  const wanted = body();
  const field = !wanted.text.trim() ? $("text") : wanted.target?.length === 0 ? $("into") : null;
  if (field) {
    status(t(field === $("text") ? "noText" : "noTarget", { name: "" }));
    (field === $("text") ? field : field.querySelector("input"))?.focus();
    return;
  }
  await attempt((signal) => work(task, wanted, signal));
}

async function work(of, wanted, signal) {
  const root = el("div", { class: "view" });
  const result = {
    task: of,
    root,
    body: wanted,
    path: `/v1/${of}`,
    view: new VIEWS[of](root, wanted),
  };
  const earlier = results[of];
  results[of] = result;
  arrange(true);
  const began = performance.now();
  countedAt = 0;
  try {
    const answer = await stream(
      result.path,
      wanted,
      (event, data) => heard(result.view, event, data),
      signal,
    );
    result.seconds = (performance.now() - began) / 1000;
    result.view.finish(answer);
  } catch (error) {
    if (!result.view.count) results[of] = earlier;
    arrange(result.view.count > 0);
    throw error;
  }
  arrange(true);
  models.refresh();
  return t("done");
}

function heard(view, event, data) {
  $("progress").hidden = event !== "model" || data.state === "ready";
  if (event === "segment") {
    view.add(data);
    if (countedAt && performance.now() - countedAt < COUNT_MS) return; // a screen reader reads each out
    countedAt = performance.now();
    status(t("soFar", { n: number(view.count) }));
  }
  if (event === "model") {
    status(`${data.name}: ${t(`s.${data.state}`)}`);
    if (data.progress == null) $("progress").removeAttribute("value");
    else $("progress").value = data.progress;
    models.watch();
  }
}

// --- What is shown ----------------------------------------------------------------------------

/** Shows the task and its result; `reading`: with the editor out of the way. */
function arrange(reading = false) {
  const result = results[task];
  document.body.dataset.task = task;
  document.body.classList.toggle("wide", result !== null);
  document.body.classList.toggle("reading", reading);
  $("editor").hidden = reading;
  $("brief").hidden = !reading;
  $("opening").textContent = $("text").value.trim().slice(0, 160);
  for (const one of TASKS) {
    $(`tab-${one}`).setAttribute("aria-selected", one === task);
    $(`tab-${one}`).tabIndex = one === task ? 0 : -1;
  }
  $("panel").setAttribute("aria-labelledby", `tab-${task}`);
  $("run").textContent = t(task);
  const other = task === "translate" && source() !== "en";
  $("text-label").textContent = other
    ? t("textOther", { name: languageInside(source()) })
    : t("text");
  $("text").lang = other ? source() : "en";
  $("result").hidden = result === null;
  if (result) frame($("result"), result, ask);
  else $("result").replaceChildren();
  offer();
}

const offer = () => offerWhole(task === "translate" ? given : null, ticked("into"), ask);

function choose(next) {
  if (next === task) return;
  task = next;
  history.replaceState(null, "", `#${task}`);
  if (!busy) status("");
  arrange(results[task] !== null);
}

function drawChoices() {
  drawLanguages(models.languages);
  glossary.show(ticked("into"));
  offer();
}

function counted() {
  const characters = Array.from($("text").value).length;
  $("count").textContent = characters ? t("characters", { n: number(characters) }) : "";
  $("clear").hidden = !characters;
}

function drawTheme() {
  const { theme } = document.documentElement.dataset;
  $("theme").textContent = `◐ ${t(theme)}`;
  $("theme").setAttribute("aria-label", `${t("theme")}: ${t(theme)}`);
}

function askForKey(then) {
  if (hasKey()) useKey(null, false);
  $("forget").hidden = true;
  afterKey = then;
  $("key-form").hidden = false;
  $("key").focus();
}

// --- What people do ---------------------------------------------------------------------------

async function take(file) {
  await attempt(async (signal) => {
    status(t("reading", { name: file.name }));
    const text = await textOf(file, signal);
    given = file;
    replaceText(text);
    return t("read", { name: file.name });
  });
}

/** Puts a text in the place of the one that is there, so that the browser can undo it. */
function replaceText(text) {
  arrange();
  $("text").focus();
  $("text").select();
  const done = document.execCommand(text ? "insertText" : "delete", false, text);
  if (!done) $("text").value = text;
  $("text").setSelectionRange(0, 0);
  $("text").scrollTop = 0;
  typed();
}

function typed() {
  tab.set("text", $("text").value || null);
  counted();
}

function changed({ target }) {
  if (!keep(target)) return;
  if (target.id === "source") {
    drawLanguages(models.languages);
    arrange($("editor").hidden);
  }
  glossary.show(ticked("into"));
  offer();
}

function listen() {
  const on = (id, event, then) => $(id).addEventListener(event, then);
  on("desk", "submit", (event) => (event.preventDefault(), run()));
  on("desk", "change", changed);
  on("text", "input", typed);
  on("stop", "click", () => busy?.abort());
  on("open", "click", () => $("file").click());
  on("file", "change", () => {
    const [file] = $("file").files;
    $("file").value = "";
    if (file) take(file);
  });
  on("clear", "click", () => {
    given = null;
    replaceText("");
  });
  on("edit", "click", () => (arrange(), $("text").focus()));
  on("theme", "click", () => {
    const { dataset } = document.documentElement;
    dataset.theme = THEMES[(THEMES.indexOf(dataset.theme) + 1) % THEMES.length];
    taste("theme", dataset.theme);
    drawTheme();
  });
  on("languages", "click", ({ target }) => {
    if (target.value) speak(taste("language", target.value) ?? target.value);
  });
  on("key-form", "submit", (event) => {
    event.preventDefault();
    useKey($("key").value.trim(), $("key-keep").checked);
    $("key").value = "";
    $("key-form").hidden = true;
    $("forget").hidden = false;
    begin().then(afterKey);
  });
  on("forget", "click", () => (useKey(null, false), askForKey(null)));
  for (const one of TASKS) on(`tab-${one}`, "click", () => choose(one));
  document.querySelector(".tabs").addEventListener("keydown", ({ key }) => {
    if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) return;
    choose(TASKS[key === "Home" ? 0 : key === "End" ? 1 : 1 - TASKS.indexOf(task)]);
    $(`tab-${task}`).focus();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) (event.preventDefault(), run());
    if (event.key === "Escape") busy?.abort();
  });
  dropping(take);
}

/** Asks for what the service offers. */
async function begin() {
  try {
    await models.begin();
    drawChoices();
  } catch (error) {
    failed(error, $("problem"));
  }
}

function drawAll() {
  for (const button of $("languages").children)
    button.setAttribute("aria-pressed", button.value === language);
  drawTheme();
  counted();
  drawChoices();
  models.draw();
  absence.draw();
  trouble?.();
  for (const one of Object.values(results)) one?.view.draw();
  arrange($("editor").hidden);
}

restore();
$("text").value = tab.get("text") ?? "";
$("forget").hidden = !hasKey();
if (navigator.platform.startsWith("Mac")) $("shortcut").textContent = "⌘ + Enter";
listen();
await speak(preferred());
follow(drawAll);
await begin();
