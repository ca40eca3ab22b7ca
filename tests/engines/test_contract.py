"""One contract for every engine, on the tiny checkpoints."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from service.core import Machine, engine_builder
from service.engines.base import Decoding, Engine, Output
from service.models.catalog import Catalog, ModelSpec
from service.models.store import Store
from service.settings import Settings
from tests.tinylang.grammar import articles, sentences

GREEDY = Decoding(beam_size=1, max_tokens=64)
BEAM = Decoding(beam_size=4, max_tokens=64, patience=2)
IMPATIENT = Decoding(beam_size=4, max_tokens=64, patience=1)
ENGINES = ("ctranslate2", "transformers")
TRANSLATORS = ("tiny-en-hy", "tiny-en-ru")
ALL = (*TRANSLATORS, "tiny-summarizer")


class Engines:
    """Builds each engine once."""

    def __init__(self, catalog: Catalog, store: Store, settings: Settings) -> None:
        self._catalog, self._store, self._settings = catalog, store, settings
        self._built: dict[tuple[str, str], Engine] = {}

    def get(self, name: str, engine: str, quantization: str = "float32") -> Engine:
        key = (name, engine)
        if key not in self._built:
            spec = self._catalog.named(name)
            spec = replace_engine(spec, engine, quantization)
            files = self._store.ensure(spec)
            self._built[key] = engine_builder(
                spec, files, Machine.of(spec, files, self._settings)
            )()
        return self._built[key]

    def close(self) -> None:
        for engine in self._built.values():
            engine.close()


def replace_engine(spec: ModelSpec, engine: str, quantization: str) -> ModelSpec:
    return replace(spec, engine=engine, quantization=quantization)


@pytest.fixture(scope="module")
def engines(tiny_catalog: Catalog, tiny_store: Store, tiny_settings: Settings) -> Iterator[Engines]:
    found = Engines(tiny_catalog, tiny_store, tiny_settings)
    yield found
    found.close()


def texts_of(name: str, count: int) -> list[str]:
    if name in TRANSLATORS:
        return [triple.en for triple in sentences(7, count, held_out=True)]
    return [" ".join(article.text.split()) for article in articles(7, count // 4, held_out=True)]


def run(engine: Engine, texts: Sequence[str], decoding: Decoding) -> list[Output]:
    return engine.generate([engine.encode(text) for text in texts], decoding)


def best(outputs: Sequence[Output]) -> list[str]:
    return [output.hypotheses[0].text for output in outputs]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "decoding", [GREEDY, BEAM, IMPATIENT], ids=["greedy", "beam4", "impatient"]
)
def test_both_engines_write_the_same(engines: Engines, name: str, decoding: Decoding) -> None:
    texts = texts_of(name, 40)
    ours = run(engines.get(name, "ctranslate2"), texts, decoding)
    reference = run(engines.get(name, "transformers"), texts, decoding)
    assert best(ours) == best(reference)
    for a, b in zip(ours, reference, strict=True):
        assert a.hypotheses[0].tokens == b.hypotheses[0].tokens
        assert a.hypotheses[0].finished is b.hypotheses[0].finished is True
        assert a.hypotheses[0].score == pytest.approx(b.hypotheses[0].score, abs=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_both_engines_read_the_same_tokens(engines: Engines, name: str) -> None:
    texts = [*texts_of(name, 20), "", " ", "🦊", "Emoji 🦊 in the middle.", "Łódź — “naïve”…"]
    ours, reference = engines.get(name, "ctranslate2"), engines.get(name, "transformers")
    for text in texts:
        pairs = list(zip(ours.encode(text), reference.encode(text), strict=True))
        # CTranslate2 looks pieces up itself, and finds no emoji either.
        assert [a for a, b in pairs if b != "<unk>"] == [b for _, b in pairs if b != "<unk>"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("code", ["hy", "ru"])
@pytest.mark.parametrize("decoding", [GREEDY, BEAM], ids=["greedy", "beam4"])
def test_held_out_sentences_translate_exactly(
    engines: Engines, engine: str, code: str, decoding: Decoding
) -> None:
    triples = sentences(11, 200, held_out=True)
    outputs = run(engines.get(f"tiny-en-{code}", engine), [t.en for t in triples], decoding)
    exact = sum(
        text == getattr(triple, code) for text, triple in zip(best(outputs), triples, strict=True)
    )
    assert exact >= 190


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("decoding", [GREEDY, BEAM], ids=["greedy", "beam4"])
def test_alone_and_in_a_batch_the_output_is_the_same(
    engines: Engines, engine: str, name: str, decoding: Decoding
) -> None:
    """Short beside long: padding must not change a thing."""
    texts = sorted(texts_of(name, 24), key=len)
    texts = [texts[0], texts[-1], texts[1], texts[-2]]
    target = engines.get(name, engine)
    alone = [run(target, [text], decoding)[0] for text in texts]
    assert best(run(target, texts, decoding)) == best(alone)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TRANSLATORS)
def test_an_emoji_becomes_unknown_and_ends_nothing(
    engines: Engines, engine: str, name: str
) -> None:
    target = engines.get(name, engine)
    tokens = target.encode("The mayor 🦊 spoke.")
    assert tokens.count("</s>") == 1
    assert tokens[-1] == "</s>"
    [output] = target.generate([tokens], BEAM)
    assert output.hypotheses[0].finished
    assert "<unk>" not in output.hypotheses[0].text
    assert "⁇" not in output.hypotheses[0].text


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ALL)
def test_an_empty_text_is_encoded_and_runs(engines: Engines, engine: str, name: str) -> None:
    target = engines.get(name, engine)
    assert target.encode("")
    assert len(run(target, [""], BEAM)) == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ALL)
def test_2000_tokens_are_encoded_whole_and_refused_not_cut(
    engines: Engines, engine: str, name: str
) -> None:
    target = engines.get(name, engine)
    tokens = target.encode("president " * 2000)
    assert len(tokens) > 2000
    with pytest.raises(ValueError, match=r"a source has \d+ tokens, the window is 512"):
        target.generate([tokens], GREEDY)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ALL)
def test_a_full_window_runs(engines: Engines, engine: str, name: str) -> None:
    target = engines.get(name, engine)
    window = target.description.max_source_tokens
    text, tokens = "", target.encode("")
    while len(tokens) <= window:
        text, kept = text + " president", tokens
        tokens = target.encode(text)
    assert window - 4 <= len(kept) <= window
    assert len(target.generate([kept], Decoding(max_tokens=8))) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_source_is_refused(engines: Engines, engine: str) -> None:
    with pytest.raises(ValueError, match="a source has 0 tokens"):
        engines.get("tiny-en-hy", engine).generate([[]], GREEDY)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ALL)
def test_lengths_are_bounded_as_asked(engines: Engines, engine: str, name: str) -> None:
    text = texts_of(name, 8)[0]
    target = engines.get(name, engine)
    [cut] = run(target, [text], Decoding(beam_size=1, max_tokens=5))
    assert (cut.hypotheses[0].tokens, cut.hypotheses[0].finished) == (5, False)
    [stretched] = run(target, [text], Decoding(beam_size=1, min_tokens=50, max_tokens=64))
    assert stretched.hypotheses[0].tokens >= 50


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ALL)
def test_hypotheses_come_best_first(engines: Engines, engine: str, name: str) -> None:
    target = engines.get(name, engine)
    decoding = Decoding(beam_size=4, hypotheses=3, max_tokens=64)
    for output in run(target, texts_of(name, 16), decoding):
        scores = [hypothesis.score for hypothesis in output.hypotheses]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
        assert max(scores) <= 0


@pytest.mark.parametrize("name", TRANSLATORS)
def test_int8_translates_held_out_sentences_exactly(
    tiny_catalog: Catalog, tiny_store: Store, tiny_settings: Settings, name: str
) -> None:
    spec = tiny_catalog.named(name)
    files = tiny_store.ensure(spec)
    engine = engine_builder(spec, files, Machine.of(spec, files, tiny_settings))()
    triples = sentences(13, 200, held_out=True)
    texts = best(run(engine, [t.en for t in triples], BEAM))
    engine.close()
    expected = [getattr(triple, spec.languages[1]) for triple in triples]
    assert sum(a == b for a, b in zip(texts, expected, strict=True)) >= 190


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["tiny-en-hy", "tiny-summarizer"])
def test_texts_are_encoded_after_the_engine_is_closed(
    engines: Engines, tiny_catalog: Catalog, tiny_store: Store, tiny_settings: Settings,
    engine: str, name: str,
) -> None:  # fmt: skip
    spec = replace_engine(tiny_catalog.named(name), engine, "float32")
    files = tiny_store.ensure(spec)
    closed = engine_builder(spec, files, Machine.of(spec, files, tiny_settings))()
    closed.close()
    [text] = texts_of(name, 4)[:1]
    assert closed.encode(text) == engines.get(name, engine).encode(text)


@pytest.mark.parametrize("name", TRANSLATORS)
@pytest.mark.parametrize(
    ("decoding", "least"), [(GREEDY, 1.0), (BEAM, 0.85)], ids=["greedy", "beam4"]
)
def test_both_engines_look_at_the_same_source_tokens(
    engines: Engines, name: str, decoding: Decoding, least: float
) -> None:
    """With a beam, CTranslate2 now and then gives the look of a neighbour in the beam."""
    texts = texts_of(name, 24)
    aligned = replace(decoding, aligned=True, hypotheses=decoding.beam_size)
    ours = run(engines.get(name, "ctranslate2"), texts, aligned)
    reference = run(engines.get(name, "transformers"), texts, aligned)
    same = []
    for a, b in zip(ours, reference, strict=True):
        assert len(a.hypotheses) == aligned.hypotheses
        first, second = a.hypotheses[0].alignment, b.hypotheses[0].alignment
        assert first is not None
        assert second is not None
        assert first.pieces == second.pieces
        assert len(first.looks) == len(second.looks) == a.hypotheses[0].tokens
        for row, other in zip(first.looks, second.looks, strict=True):
            same.append(row[0][0] == other[0][0] or abs(row[0][1] - other[0][1]) <= 3)
    assert sum(same) >= least * len(same)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TRANSLATORS)
def test_to_be_asked_where_it_looked_changes_nothing_a_model_says(
    engines: Engines, engine: str, name: str
) -> None:
    texts = texts_of(name, 24)
    plain = run(engines.get(name, engine), texts, BEAM)
    aligned = run(engines.get(name, engine), texts, replace(BEAM, aligned=True))
    assert best(aligned) == best(plain)
    assert all(output.hypotheses[0].alignment is None for output in plain)
    pieces = [output.hypotheses[0].alignment.pieces for output in aligned]
    assert ["".join(p).replace("▁", " ").strip() for p in pieces] == best(plain)
