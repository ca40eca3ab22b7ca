// What comes in as a file and what goes out as one.

import { $, el, fill } from "./dom.js";
import { answer, file } from "./service.js";
import { languageName, t } from "./words.js";

const READABLE = /\.(txt|md|markdown|html?|docx|srt)$/i;
const WITH_LAYOUT = /\.(md|markdown|html?|docx|srt)$/i;

export class Unreadable extends Error {}

/** Returns the plain text of a file. Throws Unreadable, or what a request throws. */
export async function textOf(given, signal) {
  if (!READABLE.test(given.name)) throw new Unreadable(t("unreadable", { name: given.name }));
  const form = new FormData();
  form.append("file", given);
  const { text } = await answer("/v1/documents/text", { form, signal });
  if (!text.trim()) throw new Unreadable(t("noText", { name: given.name }));
  return text;
}

/** Has dropped files told to `taken`, wherever on the page they are let go of. */
export function dropping(taken) {
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    $("drop").hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) $("drop").hidden = true;
  });
  addEventListener("drop", (event) => {
    $("drop").hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    const [given] = event.dataTransfer.files;
    if (given) taken(given);
  });
}

/** Offers to translate a file as a file; `ask` runs the work and shows what went wrong. */
export function offerWhole(given, targets, ask) {
  const place = $("document");
  place.hidden = !given || !WITH_LAYOUT.test(given.name) || !targets.length;
  if (place.hidden) return;
  const button = (target) => {
    const translate = (signal) => translated(given, target, ask.options(), signal);
    return el(
      "button",
      { type: "button", onclick: () => ask.run(translate) },
      languageName(target),
    );
  };
  fill(
    place,
    el(
      "p",
      {},
      t("asFile", { name: given.name }),
      " ",
      targets.flatMap((one) => [button(one), " "]),
    ),
  );
}

async function translated(given, target, { source, quality, glossary }, signal) {
  const form = new FormData();
  form.append("file", given);
  for (const [name, value] of Object.entries({ target, source, quality })) form.append(name, value);
  if (glossary) form.append("glossary", JSON.stringify(glossary));
  const { response, blob } = await file("/v1/documents", { form, signal, accept: "*/*" });
  const name = named(response) ?? given.name.replace(/(\.\w+)$/, `.${target}$1`);
  save(blob, name);
  return t("fileDone", { name, n: response.headers.get("Lur-Warnings") ?? "?" });
}

/** Returns the file name of a Content-Disposition (RFC 6266), if it has one. */
function named(response) {
  const header = response.headers.get("Content-Disposition") ?? "";
  const extended = header.match(/filename\*=UTF-8''([^;]+)/i);
  return extended ? decodeURIComponent(extended[1]) : header.match(/filename="?([^";]+)/i)?.[1];
}

function save(content, name, type = "text/plain;charset=utf-8") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Returns a button that copies a text and says so. */
export function copyButton(text, of = null) {
  const label = of && t("copyOf", { name: of });
  const button = el("button", { type: "button", class: "copy", "aria-label": label }, t("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      copyOldWay(text()); // over plain HTTP browsers have no clipboard for pages
    }
    button.textContent = t("copied");
    button.setAttribute("aria-label", t("copied"));
    setTimeout(() => {
      button.textContent = t("copy");
      if (label) button.setAttribute("aria-label", label);
      else button.removeAttribute("aria-label");
    }, 2000);
  });
  return button;
}

function copyOldWay(text) {
  const area = el("textarea", { class: "offstage", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Returns buttons that copy and save a result; `ask` runs what needs the service. */
export function toolbar(view, title, name, ask) {
  const whole = () =>
    view
      .texts()
      .map(([, text]) => text)
      .join("\n\n");
  const parts = () => view.texts().map(([code, text]) => `## ${languageName(code)}\n\n${text}\n`);
  const paragraphs = () => {
    const several = view.texts().length > 1;
    return view
      .texts()
      .flatMap(([code, text]) => [...(several ? [languageName(code)] : []), ...text.split(/\n+/)]);
  };
  const docx = async (signal) => {
    const texts = view.texts();
    const language = texts.length === 1 ? texts[0][0] : undefined;
    const json = { title, paragraphs: paragraphs().filter((one) => one.trim()), language };
    const { blob } = await file("/v1/documents/docx", { json, signal, accept: "*/*" });
    save(blob, `${name}.docx`);
    return "";
  };
  const kinds = {
    txt: () => save(`${whole()}\n`, `${name}.txt`),
    md: () => save([`# ${title}\n`, ...parts()].join("\n"), `${name}.md`),
    json: () => save(JSON.stringify(view.answer, null, 1), `${name}.json`, "application/json"),
    docx: () => ask.run(docx),
  };
  const buttons = Object.entries(kinds).map(([kind, onclick]) =>
    el("button", { type: "button", onclick, "aria-label": t("downloadAs", { kind }) }, kind),
  );
  const group = { class: "group", role: "group", "aria-label": t("download") };
  return el(
    "div",
    { class: "toolbar" },
    copyButton(whole),
    el("span", group, el("span", { class: "soft" }, t("download")), buttons),
  );
}
