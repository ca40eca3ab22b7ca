"""What the page is for, against the real service: summaries, translations, files, models."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.conftest import ARTICLE, Open
from tests.server.conftest import Server, until
from tests.tinylang.grammar import sentences

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SLOW = "Slowwell opened a new {} in Beijing on Sunday."
DONE = ".colophon"


def summarize(page: "Page", text: str = ARTICLE) -> None:
    page.wait_for_selector("#also label")
    page.fill("#text", text)
    page.click("#run")
    page.wait_for_selector(DONE)


def translate(page: "Page", text: str, *targets: str, wait: bool = True) -> None:
    page.click("#tab-translate")
    page.wait_for_selector("#into label")
    page.fill("#text", text)
    for box in page.locator("#into input").all():
        box.set_checked(box.input_value() in targets)
    page.click("#run")
    if wait:
        page.wait_for_selector(DONE)


def said(place: "Locator") -> str:
    """What a column says, without the numbers of its notes."""
    texts: list[str] = place.locator(".s").evaluate_all(
        "all => all.map(s => [...s.childNodes].filter(n => n.className !== 'ref')"
        ".map(n => n.textContent).join(''))"
    )
    return " ".join(texts)


def lit(page: "Page") -> list[str]:
    found: list[str] = page.locator(".lit").evaluate_all(
        "all => all.map(s => s.closest('[data-c]').dataset.c)"
    )
    return found


def colour_of(place: "Locator") -> str:
    found: str = place.evaluate("one => getComputedStyle(one).backgroundColor")
    return found


def saved(page: "Page", kind: str) -> bytes:
    with page.expect_download() as download:
        page.click(f".toolbar button:text-is('{kind}')")
    assert download.value.suggested_filename.endswith(f".{kind}")
    return Path(download.value.path()).read_bytes()


def test_an_article_becomes_a_summary_with_its_translations_beside_it(
    page: "Page", service: Server
) -> None:
    summarize(page)
    body = {"text": ARTICLE, "translate_to": ["hy", "ru"]}
    answer = service.client.post("/v1/summarize", json=body).json()
    assert said(page.locator("[data-c=en]")) == answer["summary"]
    for target in ("hy", "ru"):
        column = page.locator(f"[data-c={target}]")
        assert said(column) == answer["translations"][target]
        assert column.get_attribute("lang") == target


def test_a_sentence_of_the_summary_shows_what_it_rests_on(page: "Page") -> None:
    summarize(page)
    page.locator("[data-c=en] .s").first.hover()
    assert {"en", "hy", "ru", "article"} <= set(lit(page))
    assert colour_of(page.locator("[data-c=article] .lit").first) != "rgba(0, 0, 0, 0)"
    page.locator("h1").hover()
    assert lit(page) == []


def test_length_form_and_limits_are_asked_for_as_chosen(page: "Page") -> None:
    page.wait_for_selector("#also label")
    page.fill("#text", ARTICLE)
    page.check("[name=length][value=long]")
    page.check("[name=format][value=bullets]")
    page.uncheck("#also input[value=hy]")
    page.click("#limits summary")
    page.fill("#max-sentences", "2")
    with page.expect_request("**/v1/summarize") as asked:
        page.click("#run")
    assert asked.value.post_data_json == {
        "text": ARTICLE,
        "length": "long",
        "format": "bullets",
        "translate_to": ["ru"],
        "max_sentences": 2,
        "stream": True,
    }
    page.wait_for_selector(DONE)
    assert 1 <= page.locator("[data-c=en] li .s").count() <= 2


def test_source_and_translation_stand_side_by_side_sentence_by_sentence(page: "Page") -> None:
    first, second, third = (triple.en for triple in sentences(5, 3))
    translate(page, f"{first} {second}\n\n- {third}", "hy", "ru")
    assert page.locator(".row").count() == 2
    for column in ("source", "hy", "ru"):
        assert page.locator(f"[data-c={column}] .s").count() == 3
    assert page.locator(".row").nth(1).locator("[data-c=hy] p").inner_text().startswith("- ")
    source = page.locator("[data-c=source] .s")
    assert source.nth(1).inner_text() == second
    for place in ("source", "hy", "ru"):
        page.locator(f"[data-c={place}] .s").nth(1).hover()
        assert sorted(lit(page)) == ["hy", "ru", "source"]
        assert "lit" in (source.nth(1).get_attribute("class") or "")


def test_characters_outside_the_basic_plane_do_not_shift_the_sentences(page: "Page") -> None:
    first, second = (triple.en for triple in sentences(6, 2))
    translate(page, f"😀😀 {first} {second}", "hy")
    assert page.locator("[data-c=source] .s").last.inner_text() == second


def test_arrow_keys_go_along_a_column_and_across_to_the_translation(page: "Page") -> None:
    translate(page, " ".join(triple.en for triple in sentences(5, 3)), "hy")
    page.locator("[data-c=source] .s").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = page.locator(".s:focus")
    assert focused.evaluate("one => one.closest('[data-c]').dataset.c") == "hy"
    assert sorted(lit(page)) == ["hy", "source"]
    assert page.locator("[data-c=source] .s").nth(1).evaluate("s => s.matches('.lit')")


@contextmanager
def holding_up(go_on: Path) -> Iterator[None]:
    """The service waits with `SLOW` until this ends."""
    go_on.unlink(missing_ok=True)
    try:
        yield
    finally:
        go_on.touch()


def test_sentences_appear_while_the_others_are_still_at_work(page: "Page", go_on: Path) -> None:
    known = sentences(7, 1)[0].en
    translate(page, known, "hy")
    page.click("#edit")
    with holding_up(go_on):
        translate(page, f"{known} {SLOW.format('factory')}", "hy", wait=False)
        page.locator("[data-c=hy] .s").wait_for()
        assert page.locator("[data-c=hy] .s").count() == 1
        assert page.locator("#status").inner_text() == "Sentences so far: 1"
        assert page.locator(DONE).count() == 0
    page.wait_for_selector(DONE)
    assert page.locator("[data-c=hy] .s").count() == 2


def test_stop_ends_the_work_in_the_service_and_keeps_what_was_done(
    page: "Page", go_on: Path, service: Server
) -> None:
    known = sentences(8, 1)[0].en
    translate(page, known, "hy")
    page.click("#edit")
    with holding_up(go_on):
        translate(page, f"{known} {SLOW.format('school')}", "hy", wait=False)
        page.locator("[data-c=hy] .s").wait_for()
        page.click("#stop")
        page.wait_for_selector("text=Stopped")
        until(lambda: [e for e in service.events("request") if e["status"] == 499])
    assert page.locator("[data-c=hy] .s").count() == 1
    assert page.locator("#run").is_visible()


def test_a_glossary_is_sent_for_the_language_it_is_written_for(page: "Page") -> None:
    page.click("#tab-translate")
    page.wait_for_selector("#into label")
    page.click("#glossary summary")
    page.click("#glossary-add")
    page.keyboard.type("factory")
    page.keyboard.press("Tab")
    page.keyboard.type("ֆաբրիկա")
    with page.expect_request("**/v1/translate") as asked:
        translate(page, sentences(1, 1)[0].en, "hy")
    assert asked.value.post_data_json["glossary"] == {"factory": "ֆաբրիկա"}
    page.check("#into input[value=ru]")
    assert "single one" in page.locator("#glossary-note").inner_text()
    with page.expect_request("**/v1/translate") as asked:
        page.click("#run")
    assert "glossary" not in asked.value.post_data_json


def test_a_result_is_copied_and_saved_in_each_format(page: "Page", service: Server) -> None:
    from docx import Document

    summarize(page)
    body = {"text": ARTICLE, "translate_to": ["hy", "ru"]}
    answer = service.client.post("/v1/summarize", json=body).json()
    page.click("[data-c=hy] .copy")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == answer["translations"]["hy"]
    texts = [answer["summary"], answer["translations"]["hy"], answer["translations"]["ru"]]
    assert saved(page, "txt").decode() == "\n\n".join(texts) + "\n"
    assert "## Armenian\n\n" + texts[1] in saved(page, "md").decode()
    assert json.loads(saved(page, "json"))["summary"] == answer["summary"]
    paragraphs = [p.text for p in Document(io.BytesIO(saved(page, "docx"))).paragraphs]
    assert set(texts) <= set(paragraphs)


def test_the_command_that_is_shown_asks_for_the_same(page: "Page", service: Server) -> None:
    translate(page, "It's $HOME and `date`.", "hy")
    page.click(".command summary")
    command = page.locator(".command code").inner_text()
    assert f"curl {service.url}/v1/translate" in command
    body = json.loads(command.split("\n")[-2])
    assert body["text"] == "It's $HOME and `date`."
    answer: Any = service.client.post("/v1/translate", json=body).json()
    assert answer["translations"][0]["target"] == "hy"


def drop(page: "Page", name: str, content: bytes) -> None:
    """Lets go of a file over the page."""
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name));
            return transfer;
        }""",
        [name, list(content)],
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": transfer})
    assert page.locator("#drop").is_visible()
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    assert page.locator("#drop").is_hidden()


def docx(*paragraphs: str) -> bytes:
    from docx import Document

    document, content = Document(), io.BytesIO()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(content)
    return content.getvalue()


def test_a_dropped_file_gives_its_text(page: "Page") -> None:
    html = b"<p>First <b>one</b>.</p><script>alert(1)</script><p>Second &amp; last.</p>"
    files = {
        "a.txt": b"First one.\n\nSecond & last.",
        "a.md": b"First *one*.\n\nSecond & last.",
        "a.html": html,
        "a.docx": docx("First one.", "Second & last."),
    }
    for name, content in files.items():
        drop(page, name, content)
        page.wait_for_selector(f"text=The text is from {name}.")
        assert page.input_value("#text").split() == ["First", "one.", "Second", "&", "last."], name


def test_a_text_that_a_file_replaced_comes_back_by_undo(page: "Page") -> None:
    page.fill("#text", "Typed by hand.")
    drop(page, "a.txt", b"From a file.")
    page.wait_for_selector("#count:text-is('12 characters')")
    page.locator("#text").focus()
    page.keyboard.press("Control+z")
    assert page.input_value("#text") == "Typed by hand."
    page.click("#clear")
    assert page.input_value("#text") == ""
    page.keyboard.press("Control+z")
    assert page.input_value("#text") == "Typed by hand."


def test_a_dropped_document_can_be_translated_as_a_file(page: "Page", service: Server) -> None:
    from docx import Document

    english = sentences(1, 1)[0].en
    page.click("#tab-translate")
    drop(page, "report.docx", docx(english))
    with page.expect_download() as download:
        page.click("#document button:text-is('Armenian')")
    assert download.value.suggested_filename == "report.hy.docx"
    page.wait_for_selector("text=report.hy.docx is saved. Warnings: ")
    body = {"text": english, "target": "hy"}
    text = service.client.post("/v1/translate", json=body).json()["translations"][0]["text"]
    assert [p.text for p in Document(download.value.path()).paragraphs] == [text]


def test_a_file_that_cannot_be_read_is_refused_by_name(page: "Page") -> None:
    page.fill("#text", "kept")
    drop(page, "photo.jpeg", b"\xff\xd8")
    assert "photo.jpeg" in page.locator("#problem").inner_text()
    assert page.input_value("#text") == "kept"


def test_models_say_how_they_stand_and_are_loaded_by_hand(page: "Page", service: Server) -> None:
    until(lambda: service.client.post("/v1/models/tiny-en-ru/unload").status_code == 202)
    until(lambda: service.client.get("/v1/models").text.count('"on_disk"') >= 1)
    page.reload()
    item = page.locator("#model-list li", has_text="tiny-en-ru")
    item.get_by_role("button", name="Load tiny-en-ru").click()
    item.locator(".state.ready").wait_for()
    assert "Apache-2.0" in item.inner_text()
    assert item.get_by_role("button").count() == 0


def test_the_page_works_by_keyboard_alone(page: "Page") -> None:
    page.wait_for_selector("#also label")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link to the text
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.insert_text(ARTICLE)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(DONE)
    assert page.evaluate("document.activeElement.id") == "result"
    page.locator("#tab-summarize").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-translate").get_attribute("aria-selected") == "true"
    seen = []
    while len(seen) < 40 and "run" not in seen:
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"text", "open", "quality", "run"} <= set(seen)
    page.keyboard.press("Enter")
    page.wait_for_selector(".parallel .s")


def test_a_text_survives_a_reload_and_ends_with_the_tab(page: "Page", open_page: Open) -> None:
    page.fill("#text", "A draft.")
    page.reload()
    assert page.input_value("#text") == "A draft."
    assert open_page().input_value("#text") == ""
    assert page.evaluate("JSON.stringify(localStorage)").count("draft") == 0
