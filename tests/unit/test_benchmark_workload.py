"""The benchmark's small checkpoints and the texts written for them."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import checkpoints, workload
from benchmarks.checkpoints import Shape
from service.text.checks import check
from service.text.faithful import Article
from service.text.segment import split


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def translator(root: Path) -> Path:
    return checkpoints.ensure("opus-mt", root, small=True)


@pytest.fixture(scope="module")
def summarizer(root: Path) -> Path:
    return checkpoints.ensure("distilbart", root, small=True)


def generated(checkpoint: Path, texts: list[str], **settings: Any) -> list[tuple[str, int, bool]]:
    """Returns text, number of tokens and whether the model ended by itself."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    inputs = tokenizer(texts, return_tensors="pt", padding=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several would wait for each other where the cores are busy
    try:
        with torch.no_grad():
            output = model.generate(**inputs, **settings)
    finally:
        torch.set_num_threads(threads)
    ends = tokenizer.eos_token_id
    special = {tokenizer.pad_token_id, tokenizer.bos_token_id, ends}
    return [
        (
            tokenizer.decode(ids, skip_special_tokens=True),
            sum(i not in special for i in ids),
            ids[1:].count(ends) == 1,
        )
        for ids in output.tolist()
    ]


@pytest.mark.parametrize("beams", [1, 4])
def test_a_translation_ends_by_itself_after_the_tokens_its_sentence_asks_for(
    translator: Path, beams: int
) -> None:
    texts = sorted(workload.sentences(5, 3, translator), key=len)
    for text, (output, tokens, ended) in zip(
        texts, generated(translator, texts, num_beams=beams), strict=True
    ):
        source = workload.source_tokens(text, translator)
        assert ended
        assert tokens == workload.planned_tokens(text, translator) == round(1.3 * source)
        assert output.endswith(".")
        assert check(text, output, ("en", "ru")) == []


def test_a_text_of_other_words_ends_too(translator: Path) -> None:
    [(_, tokens, ended)] = generated(translator, ["The old mayor opened a bridge."], num_beams=1)
    assert ended
    assert 20 < tokens < 40


def test_a_summary_ends_by_itself_and_names_nothing_that_its_article_lacks(
    summarizer: Path,
) -> None:
    texts = workload.long_articles(2, 5, summarizer, tokens=200)
    for text, (output, tokens, ended) in zip(texts, generated(summarizer, texts), strict=True):
        assert ended
        assert tokens == workload.planned_tokens(text, summarizer)
        assert 60 <= tokens <= 138
        summary = split(output).segments
        assert len(summary) >= 2
        article = Article.read(text)
        assert [article.doubts(sentence.text) for sentence in summary] == [[]] * len(summary)


def test_sentences_have_the_length_of_real_ones_and_all_differ(translator: Path) -> None:
    texts = workload.sentences(300, 1, translator)
    sizes = [workload.source_tokens(text, translator) for text in texts]
    assert len(set(texts)) == 300
    assert min(sizes) >= 5
    assert max(sizes) <= 80
    assert 23 <= sum(sizes) / 300 <= 28
    assert sum(sizes) > sum(len(text.split()) for text in texts) * 1.1


def test_an_article_is_cut_into_the_sentences_it_was_made_of(translator: Path) -> None:
    texts = workload.articles(20, 2, translator)
    assert len(set(texts)) == 20
    assert {text.count("\n\n") for text in texts} == {0, 3}
    for text in texts:
        segments = split(text).segments
        assert len(segments) == 12
        planned = [workload.planned_tokens(segment.text, translator) for segment in segments]
        assert all(planned)
        assert sum(planned) == workload.planned_tokens(text, translator)


def test_long_articles_have_about_the_tokens_asked_for(summarizer: Path) -> None:
    texts = workload.long_articles(30, 4, summarizer, tokens=400)
    sizes = [workload.source_tokens(text, summarizer) for text in texts]
    assert all(350 <= size <= 450 for size in sizes)
    assert abs(sum(sizes) / len(sizes) - 400) < 10


def test_the_same_seed_writes_the_same_texts(translator: Path) -> None:
    assert workload.sentences(5, 7, translator) == workload.sentences(5, 7, translator)
    assert workload.sentences(5, 7, translator) != workload.sentences(5, 8, translator)


def test_a_checkpoint_is_written_once_and_always_the_same(
    translator: Path, root: Path, tmp_path: Path
) -> None:
    weights = translator / "model.safetensors"
    written = weights.stat().st_mtime_ns
    assert checkpoints.ensure("opus-mt", root, small=True) == translator
    assert weights.stat().st_mtime_ns == written
    other = checkpoints.ensure("opus-mt", tmp_path, small=True)
    names = sorted(file.name for file in translator.iterdir())
    assert names == sorted(file.name for file in other.iterdir())
    assert all((other / name).read_bytes() == (translator / name).read_bytes() for name in names)


@pytest.mark.parametrize("shape", ["opus-mt", "tc-big", "distilbart"])
def test_a_checkpoint_that_could_not_be_written_leaves_nothing(
    shape: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("disk")

    monkeypatch.setattr("benchmarks.checkpoint_marian.write_weights", fail)
    monkeypatch.setattr("benchmarks.checkpoint_bart.write_weights", fail)
    with pytest.raises(RuntimeError, match="disk"):
        checkpoints.ensure(shape, tmp_path, small=True)
    assert list(tmp_path.iterdir()) == []
