"""Whatever is sent to the routes that speak like other services: an answer, or a refusal in their
words; never an error of ours."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from tests.shapes import PIECES

Client = TestClient[Litestar]

SAID_IN = {"/v2/translate": "message"}
"""Under which name an API says what went wrong, where it is not `error`."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"

GOOD = {
    "/translate": {"q": "42", "source": "auto", "target": "hy", "alternatives": "1"},
    "/detect": {"q": ["42", "abc"], "api_key": ""},
    "/hf/translation/hy": {"inputs": ["42"], "parameters": {"num_beams": 1}},
    "/hf/summarization": {"inputs": "One. Two.", "parameters": {"max_length": 20}},
    "/v2/translate": {"text": ["42"], "target_lang": "HY", "tag_handling": "html"},
}

values: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.sampled_from(PIECES)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """A path, what the body is said to be, and a body: near a good one, or any bytes."""
    path = draw(st.sampled_from(sorted(GOOD)))
    kind = draw(st.sampled_from((JSON, FORM, PARTS)))
    fields: dict[str, object] = dict(GOOD[path])
    for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=2)):
        fields[name] = draw(values)
    if kind == JSON:
        body = json.dumps(fields).encode("utf-8", "surrogatepass")
    elif kind == FORM:
        body = "&".join(f"{k}={v}" for k, v in fields.items()).encode("utf-8", "surrogatepass")
    else:
        part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        parts = "".join(part.format(k, v) for k, v in fields.items()) + "--x--\r\n"
        body = parts.encode("utf-8", "surrogatepass")
    at = draw(st.integers(0, len(body)))
    noise = draw(st.binary(max_size=4))
    cut = draw(st.integers(0, 3))
    return path, kind, body[:at] + noise + body[at + cut :]


@given(request=requests())
@example(request=("/translate", PARTS, b"--x\r\n\r\n\r\n--x--"))
@example(request=("/translate", 'multipart/form-data; boundary="', b"--x"))
@example(request=("/detect", FORM, b"q=%"))
@example(request=("/detect", JSON, b'{"q": ' + b"[" * 5000))
@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_body_is_answered_or_refused_in_the_words_of_its_api(
    client: Client, request: tuple[str, str, bytes]
) -> None:
    path, kind, body = request
    response = client.post(path, content=body, headers={"Content-Type": kind})
    assert response.status_code in (200, 400, 415, 422), response.text
    assert response.headers["content-type"] == "application/json"
    if response.status_code != 200:
        message = response.json()[SAID_IN.get(path, "error")]
        assert message
        assert len(message) < 600


@pytest.mark.parametrize("path", sorted(GOOD))
def test_what_the_bodies_are_made_of_is_good(client: Client, path: str) -> None:
    assert client.post(path, json=GOOD[path]).status_code == 200
