"""Whatever comes in gets a right answer or a clear refusal, never a 5xx, and in time."""

import gzip
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from service.app import create_app
from service.settings import Settings
from tests.api.test_problems import problem
from tests.shapes import PIECES, SHAPES

Client = TestClient[Litestar]

JSON = {"Content-Type": "application/json"}
GOOD = b'{"text": "42", "target": "hy"}'
CODES = {
    *("number_lost", "number_added", "url_lost", "too_short", "too_long", "repetition"),
    *("untranslated", "glossary_missed", "unknown_characters", "inconsistent_name"),
    *("number_not_in_source", "name_not_in_source", "nothing_to_summarize"),
    *("length_not_reached", "bundled_model"),
}


def translate(client: Client, content: bytes, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/translate", content=content, headers=JSON | names)


# --- Bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"", "body", "a JSON object is required, there is none"),
        (b" \n", "body", "truncated"),
        (b"null", "body", "Expected `object`, got `null`"),
        (b"[" * 100_000, "body", "Expected `object`, got `array`"),
        (b'{"a":' * 100_000, "a", "is not a field"),
        (b'{"target": "hy", "text": ' + b"[" * 100_000, "text[0]", "Expected `str`, got `array`"),
        (b'{"text": "a", "target": "hy", "glossary": ' + b'{"a":' * 50_000, "glossary", "`object`"),
        (b"{" + b'"text": "a", ' * 50_000 + b'"target": "hy"}', "text", "is there twice"),
        (b'{"text": "a", "text": "b", "target": "hy"}', "text", "is there twice"),
        (b'{"text": "a", "t\\u0065xt": "b", "target": "hy"}', "text", "is there twice"),
        (b'{"text": "a", "target": "hy", "glossary": {"k": "a", "k": "b"}}', "glossary", "twice"),
        (b'{"text": "a", "target": "hy"} {}', "body", "malformed"),
        (b'{"text": "a", "target": "hy",}', "body", "malformed"),
        (b"{'text': 'a', 'target': 'hy'}", "body", "malformed"),
        (b'{"text": "a\x00b", "target": "hy"}', "body", "malformed"),
        (b'{"text": "a\nb", "target": "hy"}', "body", "malformed"),
        (b'{"text": "\\ud800", "target": "hy"}', "body", "malformed"),
        (b'{"text": "\\udc00\\ud800", "target": "hy"}', "body", "malformed"),
        (b'{"text": "\\x41", "target": "hy"}', "body", "malformed"),
        (b'{"text": "\xed\xa0\x80", "target": "hy"}', "body", "not valid UTF-8 at byte 10"),
        (b'{"text": "\xc0\xaf", "target": "hy"}', "body", "not valid UTF-8 at byte 10"),
        ('{"text": "a", "target": "hy"}'.encode("utf-16"), "body", "not valid UTF-8 at byte 0"),
        ('{"text": "a", "target": "hy"}'.encode("utf-16-le"), "body", "malformed"),
        (b'{"text": "a", "target": "hy", "alternatives": 1e400}', "alternatives", "out of range"),
        (b'{"text": "a", "target": "hy", "alternatives": NaN}', "body", "malformed"),
        (b'{"text": "a", "target": "hy", "alternatives": Infinity}', "body", "malformed"),
        (
            b'{"text": "a", "target": "hy", "alternatives": ' + b"9" * 99_999 + b"}",
            "alternatives",
            "out of range",
        ),
        (b'{"text": "a", "target": "hy", "alternatives": 01}', "body", "malformed"),
        (b'{"text": "a", "target": "hy", "alternatives": 1.5}', "alternatives", "`int`"),
        (
            b'{"text": "a", "target": "hy", "alternatives": 1.5, "b": ' + b"[" * 100_000,
            "body",
            "nested too deeply",
        ),
        (b'{"text": "a", "target": "hy", "alternatives": "1"}', "alternatives", "got `str`"),
        (b'{"text": "a", "target": "hy", "alternatives": -1}', "alternatives", ">= 0, not -1"),
        (b'{"text": "a", "target": "hy", "segments": "true"}', "segments", "got `str`"),
        (b'{"text": "a", "target": "hy", "segments": 1}', "segments", "got `int`"),
        (b'{"text": ' + b"9" * 99_999 + b', "target": "hy"}', "text", "out of range"),
        (b'{"text": null, "target": "hy"}', "text", "got `null`"),
        (b'{"text": ["a", null], "target": "hy"}', "text[1]", "got `null`"),
        (b'{"text": [], "target": "hy"}', "text", ">= 1; its length is 0"),
        (b'{"text": "a", "target": []}', "target", ">= 1; its length is 0"),
        (b'{"text": "a", "target": ""}', "target", ">= 2; its length is 0"),
        (b'{"text": "a", "target": "hy", "model": ""}', "model", ">= 1; its length is 0"),
        (b'{"text": "a", "target": "hy", "quality": "' + b"x" * 9_999 + b'"}', "quality", "one of"),
        (b'{"text": "a", "target": "hy", "\\u0000": 1}', "\0", "is not a field"),
    ],
)
def test_a_body_that_cannot_be_right_is_refused_in_few_words(
    client: Client, body: bytes, field: str, message: str
) -> None:
    response = translate(client, body)
    document = problem(response, 400)
    [error] = document["errors"]
    assert error["field"].startswith(field)
    assert message in error["message"]
    assert len(response.content) < 2000


def test_a_byte_order_mark_before_the_body_is_ignored(client: Client) -> None:
    assert translate(client, b"\xef\xbb\xbf" + GOOD).status_code == 200


def test_a_text_that_is_there_twice_is_not_repeated(client: Client) -> None:
    body = b'{"text": "a", "target": "hy", "glossary": {"secret": "a", "secret": "b"}}'
    assert "secret" not in translate(client, body).text
    body = b'{"glossary": {"secret": "a", "secret": "b"}, "glossary": {}}'
    assert "secret" not in translate(client, body).text


def test_a_bound_that_a_number_with_a_point_passes_is_told_with_the_number(client: Client) -> None:
    body = b'{"text": "a", "target": "hy", "alternatives": 99.0}'
    document = problem(translate(client, body), 400)
    assert document["actual"] == 99
    assert document["limit"] < 99


def test_the_field_is_the_one_that_the_request_has(client: Client) -> None:
    body = b'{"text": "a", "target": "ru", "source": "xx"}'
    [error] = problem(translate(client, body), 422)["errors"]
    assert error["field"] == "source"


@pytest.mark.parametrize("number", ["1.0", "10e-1", "-0.0", "0.1E1"])
def test_a_whole_number_may_be_written_with_a_point(client: Client, number: str) -> None:
    body = f'{{"text": "42", "target": "hy", "alternatives": {number}, "quality": "fast"}}'
    assert translate(client, body.encode()).status_code == 200


bodies = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda at, inside: GOOD[:at] + inside + GOOD[at:],
        st.integers(0, len(GOOD)),
        st.one_of(st.binary(max_size=3), st.text(max_size=3).map(str.encode)),
    ),
    st.builds(lambda a, b: GOOD[:a] + GOOD[b:], *[st.integers(0, len(GOOD))] * 2),
)


@given(body=bodies)
@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_bytes_are_answered_or_refused(client: Client, body: bytes) -> None:
    response = translate(client, body)
    if response.status_code != 200:
        problem(response, 422 if response.status_code == 422 else 400)
    else:
        checked(response)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ('application/json;charset="utf-8"', 200),
        ("application/json; charset=us-ascii", 200),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=latin-1", 415),
        ("application/json, text/plain", 415),
        ("text/plain", 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/msgpack", 415),
        ("", 415),
        ("\xff", 415),
    ],
)
def test_only_json_in_utf_8_is_read(client: Client, kind: str, status: int) -> None:
    headers = [(b"content-type", kind.encode("latin-1"))]
    response = client.post("/v1/translate", content=GOOD, headers=headers)
    if status == 200:
        assert response.status_code == 200
    else:
        document = problem(response, status)
        assert document["errors"][0]["field"] == "Content-Type"
        assert response.headers["accept"] == "application/json"


def test_a_body_without_a_type_is_not_taken_for_json(client: Client) -> None:
    problem(client.post("/v1/translate", content=GOOD), 415)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x"])
def test_a_compressed_body_is_refused_and_never_unpacked(client: Client, coding: str) -> None:
    bomb = gzip.compress(b'{"text": "' + b"a" * 50_000_000, 1)
    response = translate(client, bomb, Content_Encoding=coding)
    document = problem(response, 415)
    assert document["errors"][0]["field"] == "Content-Encoding"
    assert response.headers["accept-encoding"] == "identity"


def test_the_identity_coding_is_no_coding(client: Client) -> None:
    assert translate(client, GOOD, Content_Encoding="identity").status_code == 200


def test_a_transfer_coding_that_nobody_undid_is_refused(client: Client) -> None:
    headers = {**JSON, "Transfer-Encoding": "gzip, chunked"}
    document = problem(client.post("/v1/translate", content=iter([GOOD]), headers=headers), 415)
    assert document["errors"][0]["field"] == "Transfer-Encoding"
    headers["Transfer-Encoding"] = "Chunked"
    assert client.post("/v1/translate", content=iter([GOOD]), headers=headers).status_code == 200


def test_compressed_bytes_that_say_they_are_json_are_not_utf_8(client: Client) -> None:
    assert "UTF-8" in problem(translate(client, gzip.compress(GOOD)), 400)["detail"]


def test_a_body_over_the_limit_is_refused_without_its_length_being_announced(
    client: Client,
) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100_000

    response = client.post("/v1/translate", content=chunks(), headers=JSON)
    document = problem(response, 413)
    assert document["limit"] == 1_265_536
    assert "actual" not in document


# --- Limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "more", "field", "limit", "actual"),
    [
        ("translate", {"text": ["a"] * 129}, "text", 128, 129),
        ("translate", {"target": ["hy"] * 17}, "target", 16, 17),
        ("translate", {"target": "h" * 17}, "target", 16, 17),
        ("translate", {"target": ["hy", "h"]}, "target[1]", 2, 1),
        ("translate", {"alternatives": 5}, "alternatives", 4, 5),
        ("translate", {"alternatives": 10**15}, "alternatives", 4, 10**15),
        ("translate", {"model": "m" * 201}, "model", 200, 201),
        ("translate", {"glossary": {str(i): "b" for i in range(201)}}, "glossary", 200, 201),
        ("translate", {"glossary": {"a" * 201: "b"}}, "glossary", 200, 201),
        ("translate", {"glossary": {"a": "b", "c": "d" * 250}}, "glossary", 200, 250),
        ("translate", {"glossary": {"a": "b", "c": ["d" * 250]}}, "glossary", 200, 250),
        ("translate", {"glossary": {"a": "b", "c": ["d"] * 21}}, "glossary", 20, 21),
        ("summarize", {"text": ""}, "text", 1, 0),
        ("summarize", {"translate_to": ["hy"] * 17}, "translate_to", 16, 17),
        ("summarize", {"max_sentences": 51}, "max_sentences", 50, 51),
        ("summarize", {"max_sentences": 0}, "max_sentences", 1, 0),
        ("summarize", {"max_words": 2001}, "max_words", 2000, 2001),
        ("summarize", {"max_words": 4}, "max_words", 5, 4),
    ],
)
def test_a_limit_that_is_passed_is_named_with_what_was_measured(
    client: Client, path: str, more: dict[str, Any], field: str, limit: int, actual: int
) -> None:
    base = {"text": "a", "target": "hy"} if path == "translate" else {"text": "A b. C d."}
    document = problem(client.post(f"/v1/{path}", json=base | more), 400)
    [error] = document["errors"]
    assert error["field"] == field
    assert str(limit) in error["message"]
    assert str(actual) in error["message"]
    assert (document["limit"], document["actual"]) == (limit, actual)


def test_all_texts_of_a_list_count_together(client: Client) -> None:
    body = {"text": ["a" * 1000] * 101, "target": "hy"}
    document = problem(client.post("/v1/translate", json=body), 422)
    assert (document["limit"], document["actual"]) == (100_000, 101_000)


def test_what_a_user_wrote_is_not_repeated_in_a_problem(client: Client) -> None:
    secret = "ohf8aiNg"
    for body in (
        {"text": {"a": secret}, "target": "hy"},
        {"text": [[secret]], "target": "hy"},
        {"text": secret * 20_000, "target": "hy"},
        {"text": secret, "target": ["hy"], "quality": secret},
        {"text": secret, "target": ["hy", "ru"], "glossary": {secret: "a"}},
        {"text": secret, "target": "hy", "glossary": {secret * 50: "a"}},
    ):
        assert secret not in client.post("/v1/translate", json=body).text


def test_a_problem_stays_small_whatever_the_request_was(client: Client) -> None:
    long = "x" * 50_000
    for response in (
        client.post("/v1/translate", json={"text": "a", "target": "hy", long: 1}),
        client.post("/v1/translate", json={"text": "a", "target": "hy", "glossary": {long: 1}}),
        client.post(f"/v1/models/{long}/load"),
        client.get(f"/{long}"),
    ):
        document = problem(response, response.status_code)
        assert response.status_code in (400, 404)
        assert len(response.content) < 2000, document


# --- Texts ------------------------------------------------------------------------------------


def checked(response: Any) -> Any:
    """The answer, which is JSON in valid UTF-8 without half characters."""
    assert response.status_code == 200, response.text
    answer = json.loads(response.content.decode("utf-8"))
    json.dumps(answer, ensure_ascii=False).encode("utf-8")
    return answer


def check_translations(texts: list[str], targets: list[str], answer: Any) -> None:
    order = [(index, target) for index in range(len(texts)) for target in targets]
    assert [(t["index"], t["target"]) for t in answer["translations"]] == order
    assert answer["usage"]["input_characters"] == sum(map(len, texts))
    for translation in answer["translations"]:
        check_segments(texts[translation["index"]], translation)


def check_segments(text: str, translation: Any) -> None:
    """What is between the segments is layout and comes back; what has no letters is unchanged."""
    position, parts = 0, []
    for segment in translation["segments"]:
        start, end = segment["source"]["start"], segment["source"]["end"]
        assert position <= start < end <= len(text)
        layout = text[position:start]
        assert not re.search(r"[^\W\d]{6}", layout)  # list marks have letters: `a)`, `(xviii)`
        parts += [layout, segment["text"]]
        position = end
        assert segment["text"].strip()
        if not any(map(str.isalpha, text[start:end])):
            assert (segment["text"], segment["score"]) == (text[start:end], None)
    assert not re.search(r"[^\W\d]{6}", text[position:])
    assert translation["text"] == "".join([*parts, text[position:]])
    if not any(map(str.isalpha, text)):
        assert translation["text"] == text
    assert translation["text"] not in translation["alternatives"]
    assert {w["code"] for w in translation["warnings"]} <= CODES


def check_summary(text: str, answer: Any) -> None:
    usage = answer["usage"]
    assert usage["input_characters"] == usage["input_characters_used"] == len(text)
    assert answer["summary"].strip()
    assert answer["sentences"]
    for sentence in answer["sentences"]:
        for source in sentence["sources"]:
            assert 0 <= source["start"] < source["end"] <= len(text)
        assert set(sentence["translations"]) == {"hy"}
    assert set(answer["translations"]) == {"hy"}
    assert {w["code"] for w in answer["warnings"]} <= CODES


def check_both(client: Client, text: str, **more: Any) -> None:
    body = {"text": text, "target": ["hy", "ru"], "segments": True, "quality": "fast", **more}
    check_translations([text], ["hy", "ru"], checked(client.post("/v1/translate", json=body)))
    body = {"text": text or "\n", "translate_to": ["hy"]}
    response = client.post("/v1/summarize", json=body)
    if any(map(str.isalnum, text)):
        check_summary(text, checked(response))
    else:
        assert problem(response, 422)["title"] == "Nothing to summarize"


@pytest.mark.parametrize("name", list(SHAPES))
def test_a_text_of_nothing_but_one_thing_is_served(client: Client, name: str) -> None:
    check_both(client, SHAPES[name](800))


texts = st.lists(
    st.one_of(
        st.text(max_size=20),  # of all planes; no half surrogates, which JSON cannot hold
        st.sampled_from(PIECES),
        st.builds(
            lambda name, n: SHAPES[name](n), st.sampled_from(list(SHAPES)), st.integers(1, 150)
        ),
        st.sampled_from([" ", "  ", "\n", ". ", "The minister arrived in Yerevan on Monday. "]),
    ),
    max_size=8,
).map("".join)


@given(text=texts, alternatives=st.integers(0, 2))
@example(text="", alternatives=0)
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_text_comes_back_translated_and_summarized(
    client: Client, text: str, alternatives: int
) -> None:
    check_both(client, text, alternatives=alternatives)


@given(
    texts=st.lists(
        st.one_of(st.sampled_from(PIECES), st.text(max_size=10)), min_size=1, max_size=20
    ),
    glossary=st.dictionaries(
        st.one_of(st.sampled_from(PIECES).map(lambda p: p[:200]), st.text(min_size=1, max_size=9)),
        st.text(min_size=1, max_size=9),
        max_size=5,
    ),
)
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_list_with_any_glossary_is_translated_or_the_glossary_refused(
    client: Client, texts: list[str], glossary: dict[str, str]
) -> None:
    body = {"text": texts, "target": "hy", "glossary": glossary, "segments": True}
    response = client.post("/v1/translate", json=body)
    if response.status_code == 422:
        assert problem(response, 422)["title"] == "Unusable glossary"
    else:
        check_translations(texts, ["hy"], checked(response))


# --- Time -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patient(tiny_settings: Settings) -> Iterator[Client]:
    """A client of a service that takes long texts, remembers nothing and repairs nothing."""
    settings = msgspec.structs.replace(
        tiny_settings, max_characters=1_000_000, result_cache_bytes=0, repair_tries=0
    )
    with TestClient(create_app(settings)) as found:
        cpu_seconds(found, "translate", "A b c.")
        cpu_seconds(found, "summarize", "A b c. D e f. G h i.")
        yield found


def cpu_seconds(client: Client, path: str, text: str) -> float:
    """What a text costs in this process, all its threads together."""
    body = {"text": text}
    if path == "translate":
        body |= {"target": "hy", "quality": "fast"}
    began = time.process_time()
    checked(client.post(f"/v1/{path}", json=body))
    return time.process_time() - began


@pytest.mark.parametrize("path", ["translate", "summarize"])
@pytest.mark.parametrize(
    "name",
    [
        *("one letter", "short sentences", "numbered sentences", "names", "quoted sentences"),
        *("open quotation marks", "accents on one letter", "one long word of digits and letters"),
        *("HTML", "open tags", "commas"),
    ],
)
def test_four_times_the_text_takes_about_four_times_as_long(
    patient: Client, path: str, name: str
) -> None:
    """Quadratic work would take 16 times as long.

    It may try twice: threads that wait for a core spin, so a busy machine adds to a time.
    """
    little, much = (SHAPES[name](length) for length in (5_000, 20_000))
    limit_s = 10 * max(0.02, cpu_seconds(patient, path, little))
    assert any(cpu_seconds(patient, path, much) < limit_s for _ in range(2))


@pytest.mark.parametrize("name", ["one letter", "accents on one letter", "line breaks", "emoji"])
def test_a_megabyte_of_one_thing_is_translated(patient: Client, name: str) -> None:
    text = SHAPES[name](1_000_000)
    body = {"text": text, "target": "hy", "segments": True, "quality": "fast"}
    check_translations([text], ["hy"], checked(patient.post("/v1/translate", json=body)))


def test_a_character_over_a_megabyte_is_refused(patient: Client) -> None:
    for path, more in (("translate", {"target": "hy"}), ("summarize", {})):
        response = patient.post(f"/v1/{path}", json={"text": "a" * 1_000_001, **more})
        document = problem(response, 422)
        assert (document["limit"], document["actual"]) == (1_000_000, 1_000_001)
