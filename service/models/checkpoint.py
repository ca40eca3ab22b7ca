"""Reads what a checkpoint says of itself, from its small files alone.

Two forms: the hub's layout (`config.json` and its neighbours) and an unpacked OPUS-MT archive
(`decoder.yml` and its neighbours). It knows how the formats spell things and turns that into the
words of `engines.base`; it reads no weights, loads no library and never looks at the network.

Lengths. `transformers` counts every token of the decoder: `max_length` holds the start token, the
forced ones, the content and the end of sequence; `min_length` is how many of them, end excluded,
must be there before the end may come; `max_new_tokens` and `min_new_tokens` leave out the start
token. `Decoding` counts from the first token after the forced ones, and its maximum holds the end
of sequence. With f forced tokens: max_tokens = max_length - 1 - f = max_new_tokens - f and
min_tokens = min_length - 1 - f = min_new_tokens - f. (Measured; the tests compare both sides.)
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from service.engines.base import ARCHITECTURES, Architecture, Decoding, Description, TokenizerKind
from service.models.catalog import Task

__all__ = [
    "CheckpointError",
    "choose_files",
    "describe_archive",
    "describe_checkpoint",
    "is_complete",
    "stamp",
    "weight_files",
    "with_languages",
]

INDEX = "model.safetensors.index.json"
WEIGHTS = ("model.safetensors", INDEX, "pytorch_model.bin", "pytorch_model.bin.index.json")
"""Where weights may be, the best first; an index names the shards beside it."""

SMALL_FILES = frozenset({
    "config.json",
    "generation_config.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "source.spm",
    "special_tokens_map.json",
    "spiece.model",
    "spm.model",
    "target.spm",
    "target_vocab.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
})  # fmt: skip

MAX_DOCUMENT_BYTES = 128 * 2**20
"""Of a configuration, a vocabulary or a list of shards; NLLB's tokenizer.json has 17 MB."""

DEFAULT_WINDOW = 512
"""Of a model that states none: T5's relative positions have no end, its card says 512."""


class CheckpointError(ValueError):
    """These files are no checkpoint that this service can use; the message says why."""


def choose_files(available: Iterable[str]) -> tuple[list[str], str]:
    """Chooses what to fetch of a repository: the small files, and one form of weights.

    Returns:
        The small files, and the file that stands for the weights: an index where there are shards.

    Raises:
        CheckpointError: no configuration, or no weights of a form that can be read.
    """
    names = set(available)
    if "config.json" not in names:
        raise CheckpointError("it has no config.json")
    for weights in WEIGHTS:
        if weights in names:
            return sorted(names & SMALL_FILES), weights
    raise CheckpointError(f"it has none of {', '.join(WEIGHTS)}")


def shards(index: Path) -> list[str]:
    """Returns the names of the files that an index of weights names.

    Raises:
        CheckpointError: it is no index, or names a file outside its directory.
    """
    names = sorted(set(_json(index).get("weight_map", {}).values()))
    if not names or any(Path(name).name != name for name in names):
        raise CheckpointError(f"{index.name} names no shards beside it")
    return names


def weight_files(path: Path) -> list[str]:
    """Returns the files of weights that belong to the checkpoint in `path`.

    Raises:
        CheckpointError: no checkpoint is there.
    """
    _, weights = choose_files(p.name for p in path.iterdir())
    return [weights, *shards(path / weights)] if weights.endswith(".index.json") else [weights]


def is_complete(path: Path) -> bool:
    """Whether `config.json` and every file of weights are there, and so all else.

    The weights are fetched last, and where something has to go, `config.json` goes first.
    """
    try:
        return all((path / name).is_file() for name in weight_files(path))
    except (CheckpointError, OSError):
        return False


def stamp(path: Path) -> str:
    """Returns a revision for a local checkpoint, 40 hexadecimal digits.

    Made of the names, sizes and modification times of its files, not of their content: it is asked
    for on every look, and hashing gigabytes there would cost seconds. Any edit changes it, and a
    copy or a `touch` costs one conversion too many, never one too few.

    Raises:
        CheckpointError: no checkpoint is there.
    """
    try:
        names, _ = choose_files(p.name for p in path.iterdir())
        stats = {name: (path / name).stat() for name in (*names, *weight_files(path))}
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    facts = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in sorted(stats.items())]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:40]


def with_languages(
    description: Description, source_token: str | None, target_token: str | None
) -> Description:
    """Returns the description with a row's language tokens where the architecture wants them."""
    source, target = (((t,) if t else ()) for t in (source_token, target_token))
    if description.architecture == "m2m_100":
        return replace(description, source_prefix=source, target_prefix=target)
    if description.architecture == "marian":
        return replace(description, source_prefix=target)
    return description


def describe_checkpoint(path: Path, task: Task) -> Description:
    """Reads the description of a checkpoint in the hub's layout.

    Generation defaults: `generation_config.json` first, then the `task_specific_params` of
    `config.json`, then its own keys, as repositories of different age keep them.

    Raises:
        CheckpointError: it is no checkpoint of a known architecture, or a file is not valid.
    """
    config = _json(path / "config.json")
    architecture = _architecture(config)
    task_settings = _task_settings(config, task)
    said = config | task_settings | _json_or_nothing(path / "generation_config.json")
    forced = said.get("forced_bos_token_id")
    prefix: tuple[str, ...] = ()
    if forced is not None and architecture != "m2m_100":
        prefix = (_token(path, forced),)
    source_window, positions = _windows(path, config)
    max_target_tokens = positions - 1 - len(prefix)
    marian_like = architecture in {"marian", "m2m_100"}
    return Description(
        architecture=architecture,
        tokenizer=_tokenizer_kind(path, architecture),
        max_source_tokens=source_window,
        max_target_tokens=max_target_tokens,
        decoding=_decoding(said, len(prefix) + (architecture == "m2m_100"), max_target_tokens),
        text_prefix=str(task_settings.get("prefix") or ""),
        source_suffix=("</s>",) if marian_like else (),
        target_prefix=prefix,
    )


def describe_archive(path: Path) -> Description:
    """Reads the description of an unpacked OPUS-MT archive.

    Raises:
        CheckpointError: it is none, or a file that it names is missing.
    """
    try:
        said: Any = yaml.safe_load(_text(path / "decoder.yml"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise CheckpointError("its decoder.yml cannot be read") from error
    named = said if isinstance(said, dict) else {}
    wanted = [*_list(named, "models")[:1], *_list(named, "vocabs"), "source.spm", "target.spm"]
    for name in wanted:
        if not _inside(path, name):
            raise CheckpointError(f"it lacks {name}, or names it outside itself")
    if len(_list(named, "models")) < 1 or len(_list(named, "vocabs")) < 1:
        raise CheckpointError("its decoder.yml names no model and no vocabulary")
    # Marian's `max-length` is the window in pieces; `normalize` is the exponent of the length.
    window = int(named.get("max-length") or DEFAULT_WINDOW)
    return Description(
        architecture="marian",
        tokenizer="sentencepiece",
        max_source_tokens=min(window, DEFAULT_WINDOW),
        max_target_tokens=DEFAULT_WINDOW - 1,
        decoding=Decoding(
            beam_size=int(named.get("beam-size") or 1),
            max_tokens=DEFAULT_WINDOW - 1,
            patience=2.0,  # Marian itself goes on until no better hypothesis can come
            length_penalty=float(named.get("normalize") or 0.0),
        ),
        source_suffix=("</s>",),
    )


def _architecture(config: Mapping[str, Any]) -> Architecture:
    said = config.get("model_type")
    for known in ARCHITECTURES:
        if said == known:
            return known
    raise CheckpointError(f"its model_type is {said!r}; known: {', '.join(ARCHITECTURES)}")


def _task_settings(config: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """The settings of one task, as pipelines used to find them: `summarization`, `translation…`."""
    key = "summarization" if task == "summarize" else "translation"
    settings = (config.get("task_specific_params") or {}).get(key)
    return dict(settings) if isinstance(settings, dict) else {}


def _windows(path: Path, config: Mapping[str, Any]) -> tuple[int, int]:
    """Returns the source window, and how many positions the decoder has."""
    positions = config.get("max_position_embeddings")
    said = _json_or_nothing(path / "tokenizer_config.json").get("model_max_length")
    # Tokenizers without a limit say 1e30.
    sane = said if isinstance(said, int) and 0 < said < 1_000_000 else None
    window = positions or sane or config.get("n_positions") or DEFAULT_WINDOW
    return min(window, sane or window), positions or window


def _decoding(said: Mapping[str, Any], forced: int, max_target_tokens: int) -> Decoding:
    def lengths(kind: str) -> list[int]:
        total, new = said.get(f"{kind}_length"), said.get(f"{kind}_new_tokens")
        found = [total - 1 - forced] if isinstance(total, int) else []
        return found + ([new - forced] if isinstance(new, int) else [])

    longest = lengths("max")[-1:] or [max_target_tokens]
    most = max(1, min(longest[0], max_target_tokens))
    return Decoding(
        beam_size=int(said.get("num_beams") or 1),
        min_tokens=min(max(0, *lengths("min"), 0), most),
        max_tokens=most,
        patience=1.0 if said.get("early_stopping") is True else 2.0,
        length_penalty=float(said.get("length_penalty", 1.0)),
        no_repeat_ngram_size=int(said.get("no_repeat_ngram_size") or 0),
        repetition_penalty=float(said.get("repetition_penalty") or 1.0),
    )


def _tokenizer_kind(path: Path, architecture: Architecture) -> TokenizerKind:
    if architecture == "marian":
        return "sentencepiece"
    has = {name: (path / name).exists() for name in ("tokenizer.json", "vocab.json")}
    own_pieces = architecture == "m2m_100" and has["vocab.json"] and not has["tokenizer.json"]
    return "sentencepiece" if own_pieces else "tokenizers"


def _token(path: Path, wanted: int) -> str:
    """Returns the token of an id, from whichever file of the tokenizer says so."""
    for token, i in _json_or_nothing(path / "vocab.json").items():
        if i == wanted:
            return str(token)
    document = _json_or_nothing(path / "tokenizer.json")
    for added in document.get("added_tokens", []):
        if added["id"] == wanted:
            return str(added["content"])
    raise CheckpointError(f"no file of its tokenizer names the forced token {wanted}")


def _list(document: Mapping[str, Any], key: str) -> list[str]:
    found = document.get(key)
    # Names only: a few aliases of YAML, nested, would be gigabytes as text.
    return [n for n in found if isinstance(n, str)] if isinstance(found, list) else []


def _inside(path: Path, name: str) -> bool:
    found = (path / name).resolve()
    return found.is_relative_to(path.resolve()) and found.is_file()


def _json_or_nothing(path: Path) -> dict[str, Any]:
    return _json(path) if path.exists() else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        document: Any = json.loads(_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"its {path.name} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise CheckpointError(f"its {path.name} is not a JSON object")
    return document


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise ValueError(f"it is larger than {MAX_DOCUMENT_BYTES} bytes")
    return path.read_text(encoding="utf-8")
