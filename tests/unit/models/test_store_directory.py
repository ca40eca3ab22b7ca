"""Local checkpoints: what their small files say, and that an edit is never overlooked."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from service.engines.base import Decoding
from service.errors import ModelUnavailable
from service.models.catalog import DirectorySource, ModelSpec
from service.models.checkpoint import CheckpointError, describe_checkpoint
from service.models.store import Store

TINY = Path(__file__).parents[2] / "tinylang" / "checkpoints"

BART_CNN: dict[str, Any] = {
    "model_type": "bart",
    "max_position_embeddings": 1024,
    "num_beams": 1,
    "max_length": 20,
    "forced_bos_token_id": 0,
    "task_specific_params": {
        "summarization": {
            "early_stopping": True,
            "length_penalty": 2.0,
            "max_length": 142,
            "min_length": 56,
            "no_repeat_ngram_size": 3,
            "num_beams": 4,
        }
    },
}


def spec_for(path: Path, **fields: object) -> ModelSpec:
    row: dict[str, object] = {
        "name": "local",
        "task": "translate",
        "languages": ("en", "hy"),
        "source": DirectorySource(path),
        "license": "Apache-2.0",
    }
    return ModelSpec(**(row | fields))  # type: ignore[arg-type]


def checkpoint(path: Path, config: dict[str, Any], **files: object) -> Path:
    path.mkdir(exist_ok=True)
    documents = {"config.json": config, "vocab.json": {"<s>": 0}} | {
        name.replace("__", "."): content for name, content in files.items()
    }
    for name, content in documents.items():
        (path / name).write_text(json.dumps(content), encoding="utf-8")
    return path


def reason(store: Store, spec: ModelSpec) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        store.ensure(spec)
    return caught.value.reason


def test_a_checkpoint_is_converted_once_and_again_after_an_edit(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="converting needs the extra `convert`")
    source = shutil.copytree(TINY / "opus-mt-tiny-en-hy", tmp_path / "source")
    before = {p: p.stat().st_mtime_ns for p in source.iterdir()}
    store, spec = Store(tmp_path / "cache", offline=True), spec_for(source)
    assert store.locate(spec) is None
    files = store.ensure(spec)
    assert store.ensure(spec) == files
    assert {p: p.stat().st_mtime_ns for p in source.iterdir()} == before, "never written to"
    weights = source / "model.safetensors"
    os.utime(weights, ns=(0, before[weights] + 1))
    assert store.locate(spec) is None


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocab.json"])
def test_an_edit_of_any_file_changes_the_revision(tmp_path: Path, name: str) -> None:
    source = shutil.copytree(TINY / "opus-mt-tiny-en-hy", tmp_path / "source")
    store, spec = Store(tmp_path / "cache"), spec_for(source, engine="transformers")
    before = store.locate(spec)
    with (source / name).open("ab") as file:
        file.write(b" ")
    after = store.locate(spec)
    assert before is not None
    assert after is not None
    assert before.revision != after.revision


def test_the_engine_transformers_gets_the_directory_itself(tmp_path: Path) -> None:
    source = TINY / "bart-tiny-summarizer"
    files = Store(tmp_path / "cache").ensure(
        spec_for(source, task="summarize", languages=("en",), engine="transformers")
    )
    assert (files.path, files.quantization) == (source, "float32")
    assert files.description.target_prefix == ("<s>",)
    assert not (tmp_path / "cache").exists()


def test_what_is_no_checkpoint_is_said_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    assert "there is no directory" in reason(store, spec_for(tmp_path / "missing"))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "it has no config.json" in reason(store, spec_for(empty))
    checkpoint(empty, {"model_type": "bart"})
    assert "it has none of model.safetensors" in reason(store, spec_for(empty))


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, {"model_type": "llama"}, model__safetensors="")
    assert "'llama'" in reason(Store(tmp_path / "cache"), spec_for(path))


def test_the_defaults_of_an_old_summarizer_are_read_from_its_task_settings(
    tmp_path: Path,
) -> None:
    description = describe_checkpoint(checkpoint(tmp_path, BART_CNN), "summarize")
    assert description.decoding == Decoding(
        beam_size=4,
        min_tokens=56 - 1 - 1,
        max_tokens=142 - 1 - 1,
        length_penalty=2.0,
        no_repeat_ngram_size=3,
    )
    assert description.target_prefix == ("<s>",)
    assert (description.max_source_tokens, description.max_target_tokens) == (1024, 1022)


def test_generation_config_goes_before_the_older_places(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, BART_CNN, generation_config__json={"num_beams": 6})
    assert describe_checkpoint(path, "summarize").decoding.beam_size == 6


def test_settings_of_another_task_are_not_taken(tmp_path: Path) -> None:
    decoding = describe_checkpoint(checkpoint(tmp_path, BART_CNN), "translate").decoding
    assert (decoding.beam_size, decoding.min_tokens, decoding.max_tokens) == (1, 0, 18)


def test_a_t5_that_says_no_length_gets_its_window_and_not_twenty_tokens(tmp_path: Path) -> None:
    config = {
        "model_type": "t5",
        "n_positions": 512,
        "task_specific_params": {"summarization": {"prefix": "summarize: "}},
    }
    path = checkpoint(tmp_path, config, tokenizer_config__json={"model_max_length": int(1e30)})
    description = describe_checkpoint(path, "summarize")
    assert description.text_prefix == "summarize: "
    assert description.max_source_tokens == 512
    assert description.decoding.max_tokens == description.max_target_tokens == 511


def test_a_minimum_never_passes_the_maximum(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, {"model_type": "t5", "min_length": 90, "max_length": 30})
    decoding = describe_checkpoint(path, "summarize").decoding
    assert decoding.min_tokens == decoding.max_tokens == 29


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_configuration_that_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        describe_checkpoint(tmp_path, "translate")


def test_a_forced_token_that_no_file_names_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, BART_CNN | {"forced_bos_token_id": 99})
    with pytest.raises(CheckpointError, match="forced token 99"):
        describe_checkpoint(path, "summarize")
