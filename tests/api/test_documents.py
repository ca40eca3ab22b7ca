"""Files come in, in parts, and come back in another language."""

import base64
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from docx import Document
from litestar import Litestar
from litestar.testing import TestClient

from service.app import create_app
from service.settings import Settings
from tests.api.test_problems import problem
from tests.tinylang.grammar import sentences
from tests.unit.markup.docx_files import of_paragraphs, opened, run, words

Client = TestClient[Litestar]

A, B, C = sentences(77, 3)
URL = "/v1/documents"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def send(client: Client, name: str, data: bytes, path: str = URL, **fields: str) -> Any:
    headers = {"Accept": fields.pop("accept", "*/*")}
    if path == URL:
        fields.setdefault("target", "hy")
    return client.post(path, files={"file": (name, data)}, data=fields, headers=headers)


def raw(client: Client, body: bytes, kind: str = "multipart/form-data; boundary=x") -> Any:
    return client.post(URL, content=body, headers={"Content-Type": kind})


def part(headers: str, body: bytes) -> bytes:
    return b"--x\r\n" + headers.encode() + b"\r\n\r\n" + body + b"\r\n"


def named(response: Any) -> str:
    disposition: str = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    return unquote(disposition.partition("filename*=UTF-8''")[2])


# --- What comes back --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "source", "expected", "media_type"),
    [
        ("a.txt", "{A}\n\n{B}\n", "{A}\n\n{B}\n", "text/plain"),
        ("a.md", "# {A}\n\n- {B}\n\n```\ncode\n```\n", "# {A}\n\n- {B}\n\n```\ncode\n```\n",
         "text/markdown"),
        ("a.HTML", "<h1>{A}</h1>\n<p class=x>{B}</p>", "<h1>{A}</h1>\n<p class=x>{B}</p>",
         "text/html"),
        (
            "a.srt",
            "1\r\n00:00:01,000 --> 00:00:02,000\r\n{A}\r\n",
            "1\r\n00:00:01,000 --> 00:00:02,000\r\n{A}\r\n",
            "application/x-subrip",
        ),
    ],
)  # fmt: skip
def test_a_text_file_comes_back_with_other_words_only(
    client: Client, name: str, source: str, expected: str, media_type: str
) -> None:
    response = send(client, name, source.format(A=A.en, B=B.en).encode(), quality="best")
    assert response.status_code == 200, response.text
    out, want = response.content.decode(), expected.format(A=A.hy, B=B.hy)
    assert "".join(out.split()) == "".join(want.split())  # a cue may be set in other lines
    assert response.headers["content-type"].partition(";")[0] == media_type
    assert response.headers["lur-warnings"] == "0"
    assert named(response) == name.replace("a.", "a.hy.")


def test_a_word_file_comes_back_paragraph_by_paragraph(client: Client) -> None:
    document = Document()
    document.add_heading(A.en, 1)
    document.add_paragraph(B.en, style="List Bullet")
    document.add_table(1, 1).cell(0, 0).text = C.en
    file = io.BytesIO()
    document.save(file)
    response = send(client, "a.docx", file.getvalue(), quality="best")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == DOCX
    assert words(response.content) == [A.hy, B.hy, C.hy]
    styles = [one.style.name for one in opened(response.content).paragraphs]
    assert styles == ["Heading 1", "List Bullet"]


def test_json_has_the_file_and_all_that_is_known(client: Client) -> None:
    data = f"# {A.en}\n".encode()
    plain = send(client, "a.md", data)
    answer = send(client, "a.md", data, accept="application/json").json()
    assert base64.b64decode(answer["file"]) == plain.content
    assert (answer["name"], answer["media_type"]) == ("a.hy.md", "text/markdown")
    translation = answer["translation"]
    assert translation["text"] == plain.text
    [segment] = translation["segments"]
    span = segment["source"]
    assert data.decode()[span["start"] : span["end"]] == A.en
    assert answer["models"]["hy"]["name"] == "tiny-en-hy"
    assert answer["usage"]["input_characters"] == len(A.en)


def test_a_file_in_utf_16_comes_back_in_it_and_says_so(client: Client) -> None:
    response = send(client, "a.txt", A.en.encode("utf-16"))
    assert response.content.decode("utf-16") == A.hy
    assert response.headers["content-type"] == "text/plain; charset=utf-16"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_file_without_words_comes_back_as_it_was(client: Client, name: str) -> None:
    for data in (b"", b"\n \n", b"123\n"):
        response = send(client, name, data)
        assert response.status_code == 200, response.text
        assert response.content == data


def test_the_field_says_what_the_name_does_not(client: Client) -> None:
    data = f"*{A.en}*".encode()
    assert send(client, "notes", data, format="markdown").text == f"*{A.hy}*"
    assert named(send(client, "notes", data, format="markdown")) == "notes.hy.md"
    assert named(send(client, "notes.md", data, format="text")) == "notes.hy.md"
    head = 'Content-Disposition: form-data; name="{}"'
    fields = {"file": data, "target": b"hy", "format": b"markdown"}
    body = b"".join(part(head.format(name), value) for name, value in fields.items())
    assert named(raw(client, body + b"--x--\r\n")) == "document.hy.md"


def test_a_glossary_is_a_json_object(client: Client) -> None:
    response = send(client, "a.txt", A.en.encode(), glossary='{"zyxw": ["a", "b"]}')
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd.txt", "passwd.hy.txt"),
        ("C:\\Users\\me\\plan.txt", "plan.hy.txt"),
        ("Отчёт ё.txt", "Отчёт ё.hy.txt"),
        ('a"b\r\nX: y.txt', "abX y.hy.txt"),
        (".txt", "txt.hy.txt"),
        ("\u202etxt.exe.txt", "txt.exe.hy.txt"),
        ("a" * 300 + ".txt", "a" * 100 + ".hy.txt"),
    ],
)
def test_no_name_of_a_client_is_trusted(client: Client, name: str, expected: str) -> None:
    response = send(client, name, b"1", format="text")
    assert response.status_code == 200, response.text
    assert named(response) == expected
    assert response.headers["content-disposition"].isascii()


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "fields", "status", "field", "said"),
    [
        ("a.xyz", b"a", {}, 422, "file", "ends in none of .txt, .html"),
        ("a.txt", b"a", {"format": "pdf"}, 400, "format", "must be one of docx, html"),
        ("a.txt", b"a", {"nope": "1"}, 400, "nope", "is not a field"),
        ("a.txt", b"a", {"target": "h"}, 400, "target", ">= 2; its length is 1"),
        ("a.txt", b"a", {"target": "fr"}, 422, "target", "no model translates en→fr"),
        ("a.txt", b"a", {"quality": "good"}, 400, "quality", "must be one of"),
        ("a.txt", b"a", {"glossary": "{"}, 400, "glossary", "must be a JSON object"),
        ("a.txt", b"a", {"glossary": "[]"}, 400, "glossary", "Expected `object`"),
        ("a.txt", b"a", {"glossary": "[" * 9999}, 400, "glossary", "must be a JSON object"),
        (
            "a.txt",
            b"a",
            {"glossary": '{"a": "b", "a": "c"}'},
            400,
            "glossary",
            "a name in it is there twice",
        ),
        ("a.txt", b"a", {"glossary": '{"a": ""}'}, 400, "glossary", ">= 1"),
        ("a.txt", b"a", {"model": "x"}, 404, "model", "no model is named"),
        ("a.txt", b"a\xff", {}, 422, "file", "not valid UTF-8 at byte 1"),
        ("a.docx", b"a", {}, 422, "file", "is no .docx"),
        ("a.srt", b"a", {}, 422, "file", "has no line of times"),
        ("a.txt", b"a" * 100_001, {}, 422, "file", "has 100001 characters, at most 100000"),
        ("a.md", b"a. " * 40_000, {}, 422, "file", "has 119999 characters, at most 100000"),
    ],
)
def test_a_refusal_names_the_field_and_what_is_wrong_with_it(
    client: Client,
    name: str,
    data: bytes,
    fields: dict[str, str],
    status: int,
    field: str,
    said: str,
) -> None:
    document = problem(send(client, name, data, **fields), status)
    [found] = document["errors"]
    assert found["field"] == field
    assert said in found["message"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (b"", "body", "no valid multipart form"),
        (b"--x--\r\n", "file", "is required"),
        (b"nonsense", "body", "no valid multipart form"),
        (part('Content-Disposition: form-data; name="file"; filename="a.txt"', b"a"), "body",
         "no valid multipart form"),
        (part("Content-Type: text/plain", b"a") + b"--x--\r\n", "body", "no valid multipart"),
        (part('Content-Disposition: form-data; name="file"; filename="a.txt"', b"a") + b"--x--\r\n",
         "target", "is required"),
        (part('Content-Disposition: form-data; name="target"', b"hy") + b"--x--\r\n", "file",
         "is required"),
        (2 * part('Content-Disposition: form-data; name="target"', b"hy") + b"--x--\r\n", "target",
         "is there twice"),
        (part('Content-Disposition: form-data; name="target"; filename="t"', b"hy") + b"--x--\r\n",
         "target", "must be a text, not a file"),
        (part('Content-Disposition: form-data; name="target"', b"\xff") + b"--x--\r\n", "target",
         "not valid UTF-8 at byte 0"),
        (
            part(
                'Content-Disposition: form-data; name="target"\r\nContent-Type: a; charset=base64',
                b"\xff",
            )
            + b"--x--\r\n",
            "target",
            "not valid UTF-8",
        ),
        (
            b"".join(part(f'Content-Disposition: form-data; name="f{n}"', b"") for n in range(21))
            + b"--x--\r\n",
            "body",
            "no valid multipart form",
        ),
        (part("X: " + "y" * 9000, b"") + b"--x--\r\n", "body", "no valid multipart form"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_right_is_refused_in_few_words(
    client: Client, body: bytes, field: str, said: str
) -> None:
    response = raw(client, body)
    [error] = problem(response, 400)["errors"]
    assert error["field"] == field
    assert said in error["message"]
    assert len(response.content) < 2000


@pytest.mark.parametrize(
    "kind",
    ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed", ""],
)
def test_only_forms_in_parts_are_read(client: Client, kind: str) -> None:
    response = raw(client, b"", kind)
    assert problem(response, 415)["errors"][0]["field"] == "Content-Type"
    assert response.headers["accept"] == "multipart/form-data"


@pytest.mark.parametrize("kind", ["multipart/form-data", 'multipart/form-data; boundary=""'])
def test_a_form_without_a_boundary_is_refused(client: Client, kind: str) -> None:
    assert problem(raw(client, b"--\r\n", kind), 400)["errors"][0]["field"] == "body"


def test_any_accept_header_is_survived(client: Client) -> None:
    for accept in ("x;q=inf", "", ",", "application/json;q=x", "*", "text/html;q=nan"):
        assert send(client, "a.txt", b"1", accept=accept).status_code == 200


@pytest.fixture(scope="module")
def small(tiny_settings: Settings) -> Iterator[Client]:
    settings = msgspec.structs.replace(tiny_settings, max_document_bytes=2000)
    with TestClient(create_app(settings)) as found:
        yield found


def test_a_file_over_the_limit_is_refused_with_what_was_measured(small: Client) -> None:
    assert send(small, "a.txt", b"1" * 2000).status_code == 200
    document = problem(send(small, "a.txt", b"1" * 2001), 413)
    assert document["errors"] == [{"field": "file", "message": "has more than 2000 bytes"}]
    assert document["limit"] == 2000
    assert document["actual"] > 2000
    document = problem(send(small, "a.txt", b"1" * 200_000), 413)
    assert document["limit"] == 2000 + 64 * 1024
    assert document["actual"] > 200_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver.local"}, 403),
        ({"Origin": "http://testserver.local", "Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
def test_pages_of_other_origins_may_not_send_files(
    client: Client, headers: dict[str, str], status: int
) -> None:
    for path in (URL, f"{URL}/text"):
        fields = {"target": "hy"} if path == URL else {}
        files = {"file": ("a.txt", b"1")}
        assert client.post(path, files=files, data=fields, headers=headers).status_code == status


# --- Its text, and new files ------------------------------------------------------------------


def test_the_words_of_a_file_are_told(client: Client) -> None:
    file = of_paragraphs(run("The first."), run("The second,") + run(" in bold.", "<w:b/>"), "")
    answer = send(client, "a.docx", file, f"{URL}/text").json()
    assert answer == {"text": "The first.\n\nThe second, in bold.", "characters": 32}
    html = b"<h1>A title</h1><p>And <b>words</b>.<script>x()</script>"
    assert send(client, "a.html", html, f"{URL}/text").json()["text"] == "A title\n\nAnd words."
    problem(send(client, "a.docx", b"x", f"{URL}/text"), 422)
    problem(send(client, "a.txt", b"x", f"{URL}/text", target="hy"), 400)


def test_a_file_is_made_of_a_title_and_paragraphs(client: Client) -> None:
    body = {"title": "Լուր", "paragraphs": [A.hy, "", B.hy], "language": "hy"}
    response = client.post(f"{URL}/docx", json=body)
    assert response.status_code == 200, response.text
    assert named(response) == "document.docx"
    assert words(response.content) == ["Լուր", A.hy, "", B.hy]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "paragraphs"),
        ({"paragraphs": ["a"] * 10_001}, 400, "paragraphs"),
        ({"paragraphs": ["a" * 100_001]}, 422, "paragraphs"),
        ({"paragraphs": [], "title": "a" * 1001}, 400, "title"),
        ({"paragraphs": [], "language": "x"}, 400, "language"),
    ],
)
def test_a_file_that_cannot_be_made_is_refused(
    client: Client, body: dict[str, Any], status: int, field: str
) -> None:
    document = problem(client.post(f"{URL}/docx", json=body), status)
    assert document["errors"][0]["field"] == field
