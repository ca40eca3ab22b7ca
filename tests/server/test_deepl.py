"""DeepL's own Python client, unchanged, against a running service."""

from collections.abc import Callable, Iterator
from pathlib import Path

import deepl
import pytest
from deepl import http_client

from service.access import add_line, line_of
from tests.server.conftest import Server, until
from tests.tinylang.grammar import sentences

TEXTS = [triple.en for triple in sentences(41, 4)]


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.fixture
def client(server: Server) -> Iterator[deepl.DeepLClient]:
    with_any_key = deepl.DeepLClient("any", server_url=server.url)
    yield with_any_key
    with_any_key.close()


def ours(server: Server, texts: list[str], target: str, **fields: object) -> list[str]:
    """What our own API makes of them."""
    body = {"text": texts, "target": target, **fields}
    answer = server.client.post("/v1/translate", json=body).raise_for_status().json()
    return [translation["text"] for translation in answer["translations"]]


def test_what_a_newsroom_does_with_the_client(server: Server, client: deepl.DeepLClient) -> None:
    one = client.translate_text(TEXTS[0], source_lang="EN", target_lang="HY")
    assert isinstance(one, deepl.TextResult)
    assert [one.text] == ours(server, TEXTS[:1], "hy")
    assert (one.detected_source_lang, one.billed_characters) == ("EN", len(TEXTS[0]))
    found = client.translate_text(
        [*TEXTS, ""], source_lang="en", target_lang="ru", model_type="quality_optimized"
    )
    assert [each.text for each in found] == [*ours(server, TEXTS, "ru", quality="best"), ""]
    assert {each.model_type_used for each in found} == {"quality_optimized"}
    count = len(TEXTS[0]) + sum(map(len, TEXTS))
    usage = client.get_usage()
    assert (usage.character.count, usage.any_limit_reached) == (count, False)
    assert str(usage).endswith(f"Characters: {count} of 1000000000000")
    assert [(each.code, each.name) for each in client.get_source_languages()] == [("EN", "English")]
    targets = {each.code: each.supports_formality for each in client.get_target_languages()}
    assert targets == {"HY": False, "RU": False}
    assert client.get_glossary_languages() == []
    assert client.list_glossaries() == client.list_multilingual_glossaries() == []


def test_the_language_need_not_be_named(server: Server, client: deepl.DeepLClient) -> None:
    text = " ".join(TEXTS)
    armenian = ours(server, [text], "hy")
    found = client.translate_text([text, *armenian], target_lang="HY")
    assert [each.detected_source_lang for each in found] == ["EN", "HY"]
    assert [each.text for each in found] == armenian * 2


def test_sentences_are_split_as_the_client_says(server: Server, client: deepl.DeepLClient) -> None:
    [first, second] = TEXTS[:2]
    broken = first.replace(" ", "\n", 1)

    def into_russian(text: str, split: str | None) -> str:
        found = client.translate_text(
            text, source_lang="EN", target_lang="RU", split_sentences=split
        )
        assert isinstance(found, deepl.TextResult)
        return found.text

    whole = f"{first} {second}\n\n{second}"
    wrapped = into_russian(whole.replace(first, broken), "nonewlines")
    assert [wrapped] == ours(server, [whole], "ru")
    assert [into_russian(broken, "0")] == ours(server, [first], "ru")
    assert [into_russian(broken, "1")] == ours(server, [broken], "ru")
    assert "\n" in into_russian(broken, None)


def test_markup_stays_and_its_words_are_translated(
    server: Server, client: deepl.DeepLClient
) -> None:
    [first, second] = ours(server, TEXTS[:2], "hy")

    def into_armenian(text: str, **options: object) -> str:
        found = client.translate_text(text, source_lang="EN", target_lang="HY", **options)  # type: ignore[arg-type]
        assert isinstance(found, deepl.TextResult)
        return found.text

    broken = TEXTS[0].replace(" ", "\n", 1)
    html = (
        f'<h1>{TEXTS[1]}</h1>\n<p class="lead">{broken}<br>\n<pre>{TEXTS[0]}</pre>'
        f'<p translate="no">{TEXTS[0]}</p><script>"{TEXTS[0]}"</script>'
    )
    expected = html.replace(TEXTS[1], second).replace(broken, first)
    assert into_armenian(html, tag_handling="html") == expected
    xml = f"<doc><p>{TEXTS[0]}</p><x>{TEXTS[0]}</x><y>{TEXTS[1]}</y><p>{TEXTS[1]} &amp;</p></doc>"
    for tags in (["x", "y"], "x,y"):
        found = into_armenian(xml, tag_handling="xml", ignore_tags=tags)
        assert found.startswith(f"<doc><p>{first}</p><x>{TEXTS[0]}</x><y>{TEXTS[1]}</y><p>{second}")
        assert found.endswith("&amp;</p></doc>")


def test_what_is_not_there_is_refused_by_its_name(client: deepl.DeepLClient) -> None:
    def refusal(**options: object) -> str:
        wish = {"source_lang": "EN", "target_lang": "HY"} | options
        with pytest.raises(deepl.DeepLException) as refused:
            client.translate_text(TEXTS[0], **wish)  # type: ignore[arg-type]
        assert refused.value.http_status_code == 400
        return str(refused.value)

    assert "no model translates en→de; available: en→hy, en→ru" in refusal(target_lang="DE")
    assert "no model translates fr→hy" in refusal(source_lang="FR")
    assert "glossary_id: no glossaries are kept here" in refusal(glossary="an-id")
    assert "glossary_ids: no glossaries are kept here" in refusal(glossary_ids=["an-id"])
    assert "style_id: there are no style rules" in refusal(style_rule="an-id")
    assert "custom_instructions: instructions are" in refusal(custom_instructions=["Be brief."])
    assert "formality: no target language has it" in refusal(formality="more")
    german = "Der Minister kam gestern Abend an und sprach lange mit den Bürgern der Stadt."
    with pytest.raises(deepl.DeepLException, match="no model translates de→hy"):
        client.translate_text(german, target_lang="HY")
    for wish in ("prefer_more", "prefer_less", "default"):
        assert client.translate_text(TEXTS[0], target_lang="HY", formality=wish)
    with pytest.raises(deepl.DeepLException, match=r"Bad request.*at most 100000 are accepted"):
        client.translate_text("a" * 100_001, target_lang="HY")
    with pytest.raises(deepl.GlossaryNotFoundException, match="no glossaries are kept here"):
        client.create_glossary("names", "EN", "HY", {"Yerevan": "Երևան"})
    with pytest.raises(deepl.GlossaryNotFoundException, match="LUR_GLOSSARY"):
        client.get_glossary("an-id")
    with pytest.raises(deepl.DeepLException, match=r"Not found.*POST /v1/documents"):
        client.translate_document_upload(b"Hello.", target_lang="HY", filename="a.txt")
    with pytest.raises(deepl.DeepLException, match="translate, languages and usage are"):
        client.rephrase_text("Hello.")


def test_while_a_model_is_loaded_the_client_tries_again(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(LUR_LOAD_WAIT_S="0")
    client = deepl.DeepLClient("any", server_url=server.url)
    with monkeypatch.context() as patched:
        patched.setattr(http_client, "max_network_retries", 0)
        with pytest.raises(deepl.DeepLException, match=r"Service unavailable.*tiny-en-hy") as early:
            client.translate_text("Hello.", source_lang="EN", target_lang="HY")
    assert early.value.should_retry
    assert client.translate_text("Hello.", source_lang="EN", target_lang="RU")
    until(lambda: server.events("request")[-1]["status"] == 200)
    assert [event["status"] for event in server.events("request")][:2] == [503, 503]
    client.close()


def test_keys_and_limits_raise_the_exceptions_meant_for_them(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    for name, scope in (("one", "use"), ("two", "use"), ("probe", "metrics")):
        add_line(keys, line_of(name, [scope], f"{name}:fx"))
    limits = {"LUR_TOKENS_PER_MINUTE": "60", "LUR_REQUESTS_PER_MINUTE": "3"}
    url = serve(LUR_API_KEYS_FILE=str(keys), **limits).url
    monkeypatch.setattr(http_client, "max_network_retries", 0)
    clients = {
        name: deepl.DeepLClient(f"{name}:fx", server_url=url)
        for name in ("one", "two", "probe", "nobody")
    }
    with pytest.raises(deepl.AuthorizationException, match="the key is not known"):
        clients["nobody"].translate_text("Hello.", target_lang="HY")
    with pytest.raises(deepl.AuthorizationException, match="the key is not known"):
        clients["nobody"].get_usage()
    with pytest.raises(deepl.AuthorizationException, match="the key lacks the scope use"):
        clients["probe"].get_target_languages()
    assert clients["one"].translate_text(" ".join(TEXTS * 4), source_lang="EN", target_lang="HY")
    with pytest.raises(deepl.QuotaExceededException, match=r"tokens a minute.*at most 60"):
        clients["one"].translate_text("Hello.", source_lang="EN", target_lang="HY")
    for _ in range(3):
        clients["two"].translate_text("2026", source_lang="EN", target_lang="HY")
    with pytest.raises(deepl.TooManyRequestsException, match=r"requests a minute.*at most 3"):
        clients["two"].translate_text("2026", source_lang="EN", target_lang="HY")
    counts = [clients[name].get_usage().character.count for name in ("one", "two")]
    assert counts == [len(" ".join(TEXTS * 4)), 12], "each key's own"
    for each in clients.values():
        each.close()
