"""A decoder without the pieces of the other language writes what the whole one writes."""

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.engines.target_vocabulary import LEAST_GAIN, trim, writable_rows

torch = pytest.importorskip("torch", reason="converting needs the extra `convert`")

import ctranslate2  # noqa: E402
from ctranslate2.specs import TransformerSpec  # noqa: E402

from service.engines import conversion  # noqa: E402
from service.engines.conversion_checks import (  # noqa: E402
    MAX_LOGIT_GAP,
    check_trimmed,
    read_vocabulary,
)
from service.engines.convert import Converted, Request  # noqa: E402
from service.engines.tokenizers import load_tokenizer, pieces_of  # noqa: E402
from service.models.archive import unpack  # noqa: E402
from service.models.checkpoint import (  # noqa: E402
    describe_archive,
    describe_checkpoint,
    with_languages,
)
from tests.engines.random_checkpoints import make  # noqa: E402
from tests.opus_archive import make_archive  # noqa: E402
from tests.tinylang.grammar import sentences  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

TINY = Path(__file__).parents[1] / "tinylang" / "checkpoints"
SPECIAL = ["</s>", "<unk>"]
WHOLE_FILES = {"config.json", "model.bin", "shared_vocabulary.json", "source.spm", "target.spm"}
TRIMMED_FILES = WHOLE_FILES - {"shared_vocabulary.json"} | {
    "source_vocabulary.json",
    "target_vocabulary.json",
}


def test_pieces_of_the_target_and_the_special_tokens_are_kept_in_their_order() -> None:
    tokens = [*SPECIAL, "only_source", "both", ">>rus<<", "only_target", "<pad>"]
    assert writable_rows(tokens, {"<unk>", "<s>", "<pad>", "both", "only_target"}) == [0, 1, 3, 5]


@pytest.mark.parametrize(("removed", "kept_whole"), [(4, True), (5, False), (6, False)])
def test_little_gain_leaves_the_decoder_whole(removed: int, kept_whole: bool) -> None:
    assert LEAST_GAIN == 0.05
    tokens = [*SPECIAL, *(f"piece{i}" for i in range(98))]
    rows = writable_rows(tokens, set(tokens[: 100 - removed]))
    assert rows == (None if kept_whole else list(range(100 - removed)))


@pytest.mark.parametrize("missing", SPECIAL)
def test_a_vocabulary_without_marians_special_tokens_is_left_alone(missing: str) -> None:
    tokens = [t for t in (*SPECIAL, *(f"piece{i}" for i in range(98))) if t != missing]
    assert writable_rows(tokens, set(tokens[:50])) is None


def spec_of(library: Callable[[Any], Any]) -> Any:
    spec = TransformerSpec.from_config(1, 2)
    shared = library(np.arange(24, dtype=np.float32).reshape(6, 4))
    spec.encoder.embeddings[0].weight = shared
    spec.decoder.embeddings.weight = shared
    spec.decoder.projection.weight = shared
    spec.decoder.projection.bias = library(np.arange(6, dtype=np.float32))
    tokens = [*SPECIAL, "a", "b", "c", "d"]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    return spec


@pytest.mark.parametrize(
    "library",
    [lambda array: array, lambda array: torch.nn.Parameter(torch.from_numpy(array))],
    ids=["numpy", "torch"],
)
def test_each_weight_becomes_a_copy_of_its_own(library: Callable[[Any], Any]) -> None:
    """Sliced in place, then quantized: the model wrote one word for ever."""
    spec = spec_of(library)
    trim(spec, [0, 1, 3, 5])
    decoder = spec.decoder
    weights = [decoder.embeddings.weight, decoder.projection.weight]
    for weight in weights:
        assert not getattr(weight, "requires_grad", False)
        assert np.array(weight).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [12, 13, 14, 15],
                                             [20, 21, 22, 23]]  # fmt: skip
    assert np.array(decoder.projection.bias).tolist() == [0, 1, 3, 5]
    weights[0][:] = -1
    assert (np.array(weights[1]) >= 0).all()
    source = spec.encoder.embeddings[0].weight
    source = source.detach().numpy() if hasattr(source, "detach") else source
    assert source.tolist() == np.arange(24).reshape(6, 4).tolist()
    assert (spec.get_source_vocabulary_size(), spec.get_target_vocabulary_size()) == ([6], 4)


def request_for(
    source: Path, target: Path, quantization: str = "float32", *, trim_target: bool = True
) -> Request:
    archive = (source / "decoder.yml").exists()
    description = describe_archive(source) if archive else describe_checkpoint(source, "translate")
    return Request(
        form="archive" if archive else "checkpoint",
        source=str(source),
        target=str(target),
        quantization=quantization,
        description=description,
        trim_target=trim_target,
    )


def convert(request: Request) -> Converted:
    if request.form == "archive":
        return conversion.convert_archive(request)
    return conversion.convert_checkpoint(request)


def names(path: Path) -> set[str]:
    return {file.name for file in path.iterdir()}


def hypotheses(path: Path, texts: Sequence[str], beam_size: int) -> list[list[str]]:
    tokenizer = load_tokenizer(path, describe_checkpoint(TINY / "opus-mt-tiny-en-hy", "translate"))
    translator = ctranslate2.Translator(str(path))
    results = translator.translate_batch(
        [tokenizer.encode(text) for text in texts], beam_size=beam_size, disable_unk=True
    )
    return [result.hypotheses[0] for result in results]


TEXTS = [triple.en for triple in sentences(23, 150, held_out=True)]


@pytest.fixture(scope="module", params=["opus-mt-tiny-en-hy", "opus-mt-tiny-en-ru", "archive"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param != "archive":
        return TINY / str(request.param)
    folder = tmp_path_factory.mktemp("archive")
    (folder / "a.zip").write_bytes(make_archive(TINY / "opus-mt-tiny-en-ru"))
    return unpack(folder / "a.zip", folder / "unpacked")


@pytest.mark.parametrize("quantization", ["float32", "int8"])
def test_a_trimmed_model_writes_what_the_whole_one_writes(
    source: Path, quantization: str, tmp_path: Path
) -> None:
    whole, trimmed = tmp_path / "whole", tmp_path / "trimmed"
    untouched = convert(request_for(source, whole, quantization, trim_target=False))
    converted = convert(request_for(source, trimmed, quantization))
    assert (names(whole), names(trimmed)) == (WHOLE_FILES, TRIMMED_FILES)
    assert untouched.trimmed == 0
    lost = set(read_vocabulary(whole)) - set(read_vocabulary(trimmed, "target"))
    assert converted.trimmed == len(lost) > 300
    assert lost.isdisjoint(pieces_of(whole / "target.spm"))
    assert read_vocabulary(trimmed) == read_vocabulary(whole)
    assert check_trimmed(whole, trimmed, request_for(source, whole).description) < 0.001
    assert hypotheses(trimmed, TEXTS, 1) == hypotheses(whole, TEXTS, 1)
    # With beams a near-tie may turn: what is lost had its share of the probability.
    pairs = zip(hypotheses(trimmed, TEXTS, 4), hypotheses(whole, TEXTS, 4), strict=True)
    assert sum(a == b for a, b in pairs) >= 147


def test_its_probabilities_are_the_references_renormalized_over_what_was_kept(
    tmp_path: Path,
) -> None:
    from transformers import MarianMTModel, MarianTokenizer

    checkpoint = TINY / "opus-mt-tiny-en-ru"
    convert(request_for(checkpoint, tmp_path / "model"))
    kept = read_vocabulary(tmp_path / "model", "target")
    tokenizer = MarianTokenizer.from_pretrained(checkpoint)
    model = MarianMTModel.from_pretrained(checkpoint).eval()
    rows = torch.tensor(tokenizer.convert_tokens_to_ids(kept))
    ids = tokenizer(TEXTS[0]).input_ids
    # Any pieces at all: the tail of the distribution must be right too.
    at = random.Random(5).sample(range(2, len(kept)), 40)
    start = model.config.decoder_start_token_id
    with torch.no_grad():
        logits = model(
            input_ids=torch.tensor([ids]),
            decoder_input_ids=torch.tensor([[start, *rows[at[:-1]].tolist()]]),
        ).logits[0]
    wanted = torch.log_softmax(logits[:, rows], -1)[range(len(at)), at]
    translator = ctranslate2.Translator(str(tmp_path / "model"))
    [score] = translator.score_batch(
        [tokenizer.convert_ids_to_tokens(ids)], [[kept[i] for i in at]], max_input_length=0
    )
    assert score.log_probs[: len(at)] == pytest.approx(wanted.tolist(), abs=1e-3)


def _off_by_one(spec: Any, rows: Sequence[int]) -> None:
    tokens = list(spec._vocabularies["target"][0])
    trim(spec, [*rows[1:], rows[0]])
    spec._vocabularies["target"] = [[tokens[i] for i in rows]]


def _two_rows_swapped_at_the_end(spec: Any, rows: Sequence[int]) -> None:
    tokens = list(spec._vocabularies["target"][0])
    trim(spec, [*rows[:-2], rows[-1], rows[-2]])
    spec._vocabularies["target"] = [[tokens[i] for i in rows]]


def _embeddings_shuffled(spec: Any, rows: Sequence[int]) -> None:
    trim(spec, rows)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(3))
    spec.decoder.embeddings.weight = spec.decoder.embeddings.weight[order]


def _bias_forgotten(spec: Any, rows: Sequence[int]) -> None:
    trim(spec, rows)
    spec.decoder.projection.bias = torch.zeros(len(rows))


def _bias_not_cut_but_shortened(spec: Any, rows: Sequence[int]) -> None:
    whole = spec.decoder.projection.bias
    trim(spec, rows)
    spec.decoder.projection.bias = whole[: len(rows)].clone()


def _one_row_for_all(spec: Any, rows: Sequence[int]) -> None:
    trim(spec, rows)
    spec.decoder.projection.weight = spec.decoder.projection.weight[[7] * len(rows)]


@pytest.fixture(scope="module")
def biased(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained tiny model with output biases, as published checkpoints have."""
    from transformers import MarianMTModel

    path = tmp_path_factory.mktemp("biased") / "checkpoint"
    shutil.copytree(TINY / "opus-mt-tiny-en-hy", path)
    model = MarianMTModel.from_pretrained(path)
    generator = torch.Generator().manual_seed(1)
    model.final_logits_bias.copy_(
        torch.randn(model.final_logits_bias.shape, generator=generator) / 10
    )
    model.save_pretrained(path)
    return path


@pytest.mark.parametrize("quantization", ["float32", "int8"])
@pytest.mark.parametrize(
    "wrong",
    [
        _off_by_one,
        _two_rows_swapped_at_the_end,
        _embeddings_shuffled,
        _bias_forgotten,
        _bias_not_cut_but_shortened,
        _one_row_for_all,
    ],
)
def test_a_wrong_cut_is_refused_and_the_whole_model_stays(
    wrong: Callable[[Any, Sequence[int]], None],
    quantization: str,
    biased: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversion, "trim", wrong)
    converted = convert(request_for(biased, tmp_path / "model", quantization))
    assert "the trimmed model" in converted.whole_because
    assert converted.trimmed == 0
    assert names(tmp_path) == {"model"}
    assert names(tmp_path / "model") == WHOLE_FILES


def test_the_right_cut_of_a_model_with_biases_is_not_refused(biased: Path, tmp_path: Path) -> None:
    converted = convert(request_for(biased, tmp_path / "model", "int8"))
    assert converted.trimmed > 300
    assert converted.whole_because == ""
    assert names(tmp_path) == {"model"}
    assert MAX_LOGIT_GAP < 0.1, "what the biases of the wrong cuts were drawn from"


def test_a_checkpoint_that_writes_other_pieces_than_its_target_has_stays_whole(
    tmp_path: Path,
) -> None:
    checkpoint = shutil.copytree(TINY / "opus-mt-tiny-en-hy", tmp_path / "checkpoint")
    shutil.copyfile(checkpoint / "source.spm", checkpoint / "target.spm")
    assert convert(request_for(checkpoint, tmp_path / "model")).trimmed == 0
    assert names(tmp_path / "model") == WHOLE_FILES


def test_language_tokens_stay_where_they_are_read_and_are_never_written(tmp_path: Path) -> None:
    source = make("marian-two", tmp_path / "source")
    description = with_languages(describe_checkpoint(source, "translate"), None, ">>ukr<<")
    plain = request_for(source, tmp_path / "model")
    request = Request(
        form="checkpoint",
        source=plain.source,
        target=plain.target,
        quantization="int8",
        description=description,
    )
    converted = convert(request)
    assert converted.language_tokens == (">>rus<<", ">>ukr<<")
    assert set(converted.language_tokens) <= set(read_vocabulary(tmp_path / "model"))
    target = set(read_vocabulary(tmp_path / "model", "target"))
    assert target.isdisjoint({*converted.language_tokens, "<pad>"})
    assert target >= set(SPECIAL)
