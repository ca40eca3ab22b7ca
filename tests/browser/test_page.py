"""What the page shows when things go wrong, to whom it can be shown, and what it weighs.

Where the service would not do it by itself, its answers are given by the test.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

import service as package
from service.access import add_line, line_of
from tests.browser.answers import answer, caution, problem, refuse, summary, translation
from tests.browser.conftest import ARTICLE, MAX_CHARACTERS, Faulty, Open, environment
from tests.server.conftest import Server, until

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

WEB = Path(package.__file__).parent / "web"
MAX_BYTES = 60_000
DONE = ".colophon"
EVIL = "<img src=x onerror='harmed=1'><script>harmed=1</script>&lt;b&gt;"
LOCALES = {"en": "en-GB", "hy": "hy-AM", "ru": "ru-RU"}
BUTTON = {"en": "Summarize", "hy": "Ամփոփել", "ru": "Изложить кратко"}


def run(page: "Page", text: str = "Some text.", tab: str = "summarize") -> None:
    page.click(f"#tab-{tab}")
    page.wait_for_selector("#into label", state="attached")
    page.fill("#text", text)
    page.click("#run")


# --- What it weighs, and what it may do ---------------------------------------------------------


def test_a_visit_moves_little_and_the_next_one_next_to_nothing(open_page: Open) -> None:
    """Over the wire, headers too; in Armenian, which needs both fonts and a file of words."""
    page = open_page(locale=LOCALES["hy"])
    page.wait_for_selector("#model-list li")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on(
        "Network.responseReceived",
        lambda got: names.update({got["requestId"]: got["response"]["url"]}),
    )
    session.on(
        "Network.loadingFinished",
        lambda done: sizes.update({names[done["requestId"]]: done["encodedDataLength"]}),
    )

    def loaded(*, cached: bool) -> float:
        session.send("Network.setCacheDisabled", {"cacheDisabled": not cached})
        sizes.clear()
        page.reload()
        page.wait_for_selector("#model-list li")
        page.evaluate("document.fonts.ready.then(() => {})")
        return sum(size for url, size in sizes.items() if "/v1/" not in url)

    first = loaded(cached=False)
    assert sum(".woff2" in url for url in sizes) == 2
    assert first <= MAX_BYTES
    assert loaded(cached=True) < first / 3


def test_all_files_of_the_page_together_are_small(service: Server) -> None:
    files = [file for file in WEB.iterdir() if file.is_file()]
    sent = 0
    for file in files:
        response = httpx.get(f"{service.url}/assets/{file.name}")
        assert response.content == file.read_bytes()
        sent += int(response.headers["content-length"])
        if file.suffix != ".woff2":
            assert response.headers["content-encoding"] == "gzip"
    assert sent <= MAX_BYTES


def test_files_are_sent_plain_to_who_cannot_unpack_and_not_again_to_who_has_them(
    service: Server,
) -> None:
    plain = httpx.get(f"{service.url}/", headers={"Accept-Encoding": "identity"})
    assert plain.content == (WEB / "index.html").read_bytes()
    assert plain.headers["vary"] == "Accept-Encoding"
    again = httpx.get(f"{service.url}/", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("../api/page.py", "%2e%2e/settings.py", "page.py", "none"):
        assert httpx.get(f"{service.url}/assets/{name}").status_code == 404


def test_the_page_may_run_nothing_but_its_own_files(page: "Page", service: Server) -> None:
    policy = httpx.get(f"{service.url}/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    html = (WEB / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|https?://", html)
    scripts = "".join(file.read_text() for file in WEB.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", scripts)


# --- Hostile text ---------------------------------------------------------------------------------


def harmless(page: "Page") -> None:
    assert page.evaluate("window.harmed") is None
    assert page.locator("#result img, #result script, .notice img, #models img").count() == 0


def test_markup_in_an_article_and_in_a_summary_is_only_text(page: "Page") -> None:
    doubt = [caution("number_not_in_source", EVIL, sentence=0), caution(EVIL, EVIL)]
    found = summary(EVIL, EVIL, "Another.", warnings=doubt)
    answer(page, "/v1/summarize", ("result", found))
    run(page, EVIL)
    page.wait_for_selector(DONE)
    assert EVIL in page.locator("[data-c=en]").inner_text()
    assert EVIL in page.locator("[data-c=article]").inner_text()
    harmless(page)


def test_markup_in_a_translation_and_its_warnings_is_only_text(page: "Page") -> None:
    doubt = [caution("untranslated", EVIL, segment=0)]
    answer(page, "/v1/translate", ("result", translation((EVIL, EVIL, doubt))))
    run(page, EVIL, "translate")
    page.wait_for_selector(DONE)
    assert page.locator("[data-c=hy] mark").inner_text() == EVIL
    assert EVIL in page.locator(".notes").inner_text()
    harmless(page)


def test_markup_in_problems_models_and_events_is_only_text(page: "Page") -> None:
    model = {"name": EVIL, "task": "translate", "source": "en", "target": "hy"}
    row = model | {"license": EVIL, "worth": EVIL, "state": "failed", "progress": None}
    row |= {"reason": EVIL, "default": True}
    page.route("**/v1/models", lambda route: route.fulfill(json=[row]))
    event = model | {"state": "loading", "progress": 0.5}
    evil = problem(503, EVIL, EVIL, errors=[{"field": EVIL, "message": EVIL}], instance=EVIL)
    answer(page, "/v1/summarize", ("model", event), ("error", evil))
    page.reload()
    run(page)
    page.wait_for_selector("#problem h2")
    assert EVIL in page.locator("#problem").inner_text()
    assert EVIL in page.locator("#model-list").inner_text()
    harmless(page)


# --- Warnings -------------------------------------------------------------------------------------


def test_a_warning_is_a_mark_on_the_value_and_a_note_that_explains_it(page: "Page") -> None:
    lost = [caution("number_lost", "12", segment=0)]
    added = [caution("number_added", "7", segment=1), caution("news", "x", segment=1)]
    pairs = ("It cost 1200, 312 or 12.", "Արժեր։", lost), ("It rose.", "Աճեց 7-ով։", added)
    answer(page, "/v1/translate", ("result", translation(*pairs)))
    run(page, "It cost 1200, 312 or 12. It rose.", "translate")
    page.wait_for_selector(DONE)
    [mark] = page.locator("[data-c=source] mark").all()
    assert mark.inner_text() == "12"
    assert mark.evaluate("mark => mark.previousSibling.textContent").endswith("or ")
    assert page.locator("[data-c=hy] mark").all_inner_texts() == ["7"]
    assert page.locator(".ref").all_inner_texts() == ["1", "2", "3"]
    notes = page.locator(".notes li").all_inner_texts()
    assert notes == ["“12” of the source is missing here.", "The source has no “7”.", "said of x"]
    page.click(".ref >> nth=0")
    assert page.locator(".notes li:target").inner_text() == notes[0]


def test_what_a_translation_of_a_summary_lacks_is_noted_in_its_own_language(page: "Page") -> None:
    doubts = [caution("number_lost", "3", sentence=0), caution("name_not_in_source", "Bo")]
    doubts[0]["message"] = "hy: The translation has no number for this one of the source."
    answer(page, "/v1/summarize", ("result", summary("x", "Bo has 3.", warnings=doubts)))
    run(page)
    page.wait_for_selector(DONE)
    assert page.locator("[data-c=en] .notes li").count() == 1
    assert page.locator("[data-c=hy] .notes li").all_inner_texts() == [
        "“3” of the source is missing here."
    ]


# --- Problems -------------------------------------------------------------------------------------


def test_a_text_that_is_too_long_says_the_limit_and_the_length_and_is_kept(page: "Page") -> None:
    text = "long " * MAX_CHARACTERS
    run(page, text)
    page.wait_for_selector("#problem h2")
    shown = page.locator("#problem").inner_text()
    assert "The text is too long" in shown
    assert "5,000" in shown
    assert "25,000" in shown
    assert page.input_value("#text") == text
    assert page.locator("#editor").is_visible()


def test_a_text_that_the_model_cannot_do_is_said_and_may_be_tried_again(page: "Page") -> None:
    run(page, "Raisewell opened a new factory in Beijing on Sunday.", "translate")
    page.wait_for_selector("#problem h2")
    assert "The model could not do this text" in page.locator("#problem").inner_text()
    assert page.locator("#problem button").inner_text() == "Try again"


PROBLEMS = [
    (400, "Bad request", "The request is not valid"),
    (403, "Forbidden", "The key does not allow this"),
    (413, "Body too large", "The text is too large"),
    (422, "Unusable glossary", "The glossary cannot be used"),
    (429, "Too many requests", "Too many requests"),
    (503, "Model not ready", "The model is still on its way"),
    (503, "Queue full", "Too many requests are waiting"),
    (504, "Deadline exceeded", "It took too long"),
    (500, "Something new", "Something new"),
]


def test_every_problem_is_said_plainly(page: "Page") -> None:
    facts = {"limit": 7, "actual": 8, "errors": [{"field": "glossary", "message": "m"}]}
    for status, title, words in PROBLEMS:
        refuse(page, "/v1/summarize", problem(status, title, retry_after_s=2.5, **facts))
        run(page)
        page.wait_for_selector(f"#problem h2:text-is('{words}')")
        shown = page.locator("#problem").inner_text()
        for fact in ("this and that", "glossary", "7", "8", "3 s", "r-1"):
            assert fact in shown, title
        again = page.locator("#problem button")
        assert again.count() == (1 if status >= 500 or status == 429 else 0), title


def test_a_problem_at_the_end_of_a_stream_leaves_what_came_before(page: "Page") -> None:
    sentence = {"index": 0, "target": None, "text": "One.", "sources": [], "warnings": []}
    late = problem(504, "Deadline exceeded")
    answer(page, "/v1/summarize", ("segment", sentence), ("error", late))
    run(page)
    page.wait_for_selector("#problem h2")
    assert page.locator("[data-c=en] .s").inner_text() == "One."


def test_a_stream_that_breaks_off_is_not_taken_for_an_answer(page: "Page") -> None:
    sentence = {"index": 0, "target": None, "text": "One.", "sources": [], "warnings": []}
    answer(page, "/v1/summarize", ("segment", sentence))
    run(page)
    page.wait_for_selector("text=What is shown is incomplete")
    assert page.locator(DONE).count() == 0


def test_a_service_that_is_away_is_said_the_text_is_kept_and_the_work_goes_on(
    page: "Page",
) -> None:
    page.wait_for_selector("#also label")
    page.context.set_offline(True)
    run(page, ARTICLE)
    page.wait_for_selector("text=The service cannot be reached")
    assert page.input_value("#text") == ARTICLE
    page.context.set_offline(False)
    page.wait_for_selector("#status:text-is('The service is back.')")
    assert page.locator("#offline").is_hidden()
    page.click("#run")
    page.wait_for_selector(DONE)


def test_a_model_on_its_way_shows_how_far_it_is(page: "Page") -> None:
    """The stream ends there, so that the state stays for the test to see."""
    event = {"name": "tiny-en-hy", "state": "downloading", "progress": 0.25}
    rows = page.context.request.get("/v1/models").json()
    moving = [row | {"state": "downloading", "progress": 0.25} for row in rows]
    page.route("**/v1/models", lambda route: route.fulfill(json=moving))
    answer(page, "/v1/summarize", ("model", event), ("error", problem(503, "Model not ready")))
    run(page)
    page.wait_for_selector("#problem h2")
    item = page.locator("#model-list li", has_text="tiny-en-hy")
    item.locator("text=being fetched 25%").wait_for()
    assert item.locator("progress").get_attribute("value") == "0.25"


def test_models_are_asked_for_only_while_one_is_on_its_way(page: "Page") -> None:
    rows = page.context.request.get("/v1/models").json()
    states, asked = ["loading", "loading", "on_disk"], []

    def fulfil(route: "Route") -> None:
        state = states[min(len(asked), 2)]
        asked.append(state)
        route.fulfill(json=[row | {"state": state} for row in rows])

    page.route("**/v1/models", fulfil)
    page.clock.install()
    page.reload()
    for count in (1, 2, 3):
        until(lambda: page.clock.run_for(300) or len(asked) >= count)  # noqa: B023 - called here
        page.wait_for_selector(f"#model-list .{states[count - 1]}")
    page.clock.run_for(60_000)
    assert asked == states


# --- Keys -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keyed(
    tiny_cache: Path, tiny_store: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A service whose only key is `secret`."""
    keys = tmp_path_factory.mktemp("keys") / "keys"
    add_line(keys, line_of("desk", ["use"], "secret"))
    server = Faulty([], environment(tiny_cache) | {"LUR_API_KEYS_FILE": str(keys)})
    yield server
    server.kill()


def test_a_key_is_asked_for_used_and_forgotten(open_page: Open, keyed: Server) -> None:
    page = open_page(url=keyed.url)
    page.fill("#key", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#key:focus")
    page.fill("#key", "secret")
    page.keyboard.press("Enter")
    run(page, ARTICLE)
    page.wait_for_selector(DONE)
    page.click(".command summary")
    assert "Bearer $LUR_KEY" in page.locator(".command code").inner_text()
    assert "secret" not in page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "secret" not in page.content()
    item = page.locator("#model-list li").first
    if item.get_by_role("button").count():
        item.get_by_role("button").click()
        page.wait_for_selector("#models-problem:has-text('The key does not allow this')")
    page.click("#forget")
    assert page.locator("#key-form").is_visible()


def test_a_key_is_kept_for_the_tab_only_if_wanted(open_page: Open, keyed: Server) -> None:
    page = open_page(url=keyed.url)
    page.fill("#key", "secret")
    page.check("#key-keep")
    page.click("#key-form button")
    page.wait_for_selector("#also label")
    page.reload()
    page.wait_for_selector("#also label")
    assert page.locator("#key-form").is_hidden()
    assert "secret" not in page.evaluate("JSON.stringify({...localStorage})")
    page.click("#forget")
    page.reload()
    page.wait_for_selector("#key:visible")


# --- Languages, themes, sizes, accessibility ------------------------------------------------------


def test_the_three_languages_say_the_same_things(page: "Page") -> None:
    books = page.evaluate(
        """async () => Object.fromEntries(await Promise.all(["en", "hy", "ru"].map(
            async (code) => [code, (await import(`/assets/${code}.js`)).default])))"""
    )
    english = books.pop("en")
    for code, book in books.items():
        known = {key: words for key, words in book.items() if isinstance(words, str)}
        assert known.keys() == english.keys(), code
        for key, words in known.items():
            assert places(words) == places(english[key]), (code, key)
    assert books["hy"]["said"].keys() == books["ru"]["said"].keys()


def places(words: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", words))


def test_what_models_are_worth_is_said_in_each_language() -> None:
    from service.models.rows import builtin_rows

    for code in ("hy", "ru"):
        words = (WEB / f"{code}.js").read_text()
        for row in builtin_rows():
            assert json.dumps(row.worth) in words, (code, row.name)


def test_the_language_is_the_browsers_until_another_is_chosen(open_page: Open) -> None:
    page = open_page(locale="ru-RU")
    assert page.locator("#run").inner_text() == BUTTON["ru"]
    for code in ("hy", "en", "ru"):
        page.click(f"#languages [value={code}]")
        page.wait_for_selector(f"html[lang={code}]")
        page.reload()
        page.wait_for_selector(f"#run:text-is('{BUTTON[code]}')")
        assert page.locator("#languages [aria-pressed=true]").get_attribute("value") == code


def test_armenian_is_set_in_the_fonts_that_come_with_the_page(open_page: Open) -> None:
    page = open_page(locale=LOCALES["hy"])
    page.evaluate("document.fonts.ready.then(() => {})")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert {name.strip('"') for name in loaded} == {"Lur Serif", "Lur Sans"}


def test_the_theme_is_the_systems_until_another_is_chosen(open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(background)
    page.click("#theme")
    light = page.evaluate(background)
    assert light != dark
    page.reload()
    assert page.evaluate(background) == light
    page.click("#theme")
    assert page.evaluate(background) == dark


PAIRS = (
    ("The bridge cost 12 million euros.", "Կամուրջն արժեր։", [caution("number_lost", "12")]),
    ("See https://example.org/" + "a" * 80 + " now.", "Տեսեք հիմա։", []),
)
TEXT = " ".join(source for source, _, _ in PAIRS)


def show(page: "Page", state: str) -> None:
    """Brings the page into a state."""
    page.wait_for_selector("#model-list li")
    if state == "summary":
        answer(page, "/v1/summarize", ("result", summary(TEXT, *(pair[0] for pair in PAIRS))))
        run(page, TEXT)
        page.wait_for_selector(DONE)
        page.locator("[data-c=en] .s").first.hover()
    if state == "translation":
        answer(page, "/v1/translate", ("result", translation(*PAIRS)))
        run(page, TEXT, "translate")
        page.wait_for_selector(DONE)
        page.click(".command summary")
        page.click("#glossary summary")
        page.click("#glossary-add")
        page.locator("[data-c=hy] .s").first.hover()
    if state == "problem":
        refuse(page, "/v1/summarize", problem(503, "Queue full", limit=1, actual=2))
        run(page)
        page.wait_for_selector("#problem h2")
    if state == "away":
        page.context.set_offline(True)
        run(page)
        page.wait_for_selector("#offline h2")
    if state == "key":
        refuse(page, "/v1/summarize", problem(401, "Unauthorized"))
        run(page)
        page.wait_for_selector("#key:visible")


STATES = ("idle", "summary", "translation", "problem", "away", "key")


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(open_page: Open, state: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    code = list(LOCALES)[STATES.index(state) % 3]
    page = open_page(locale=LOCALES[code], color_scheme="light")
    show(page, state)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    for width in (390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_the_last_answer_is_that_of_the_task_that_is_looked_at(page: "Page") -> None:
    answer(page, "/v1/summarize", ("result", summary("x", "A summary.")))
    answer(page, "/v1/translate", ("result", translation(("x", "A translation.", []))))
    run(page, "x")
    page.wait_for_selector(DONE)
    run_again = page.locator("#edit")
    run_again.click()
    run(page, "x", "translate")
    page.wait_for_selector(".parallel .s")
    page.click("#tab-summarize")
    assert page.locator("#result").inner_text().count("A summary.") >= 1
    assert page.url.endswith("#summarize")
    until(lambda: page.locator("#result-title").inner_text() == "Summary")
