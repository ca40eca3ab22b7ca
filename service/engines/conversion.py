"""Converts one checkpoint to CTranslate2: the child's side of `convert`.

`python -m service.engines.conversion` reads a `Request` as one line of JSON on stdin and writes a
`Converted` or a `Refusal` to stdout. It dies with its parent: it ends when stdin does, and the
kernel sees to it too. Before it reads anything of the checkpoint it confines itself. Torch lives
and dies here. It reads one directory and fills another, and knows nothing of where the first came
from or where the second will go.
"""

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from service.engines.confinement import confine
from service.engines.conversion_checks import (
    Reference,
    Refused,
    ask_reference,
    check,
    check_output,
    check_trimmed,
    read_vocabulary,
)
from service.engines.convert import DISK_ERRORS, MISSING_EXTRA, Converted, Refusal, Request
from service.engines.language_tokens import language_fault, language_tokens
from service.engines.target_vocabulary import trim, writable_rows
from service.engines.tokenizers import pieces_of

__all__ = ["convert_archive", "convert_checkpoint", "main", "trim_target"]


def main() -> int:
    """Serves one request; unexpected errors end the process with a traceback on stderr."""
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if request.limits:
        confine(request.limits)
    answer_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print where they like; stdout is for the answer alone
    answer: Converted | Refusal
    try:
        convert = convert_checkpoint if request.form == "checkpoint" else convert_archive
        answer = convert(request)
    except Refused as refusal:
        answer = Refusal(reason=str(refusal))
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        answer = Refusal(reason=str(error), disk_error=error.errno)
    except (MemoryError, RuntimeError) as error:
        if not _lacks_memory(error):
            raise
        answer = Refusal(
            reason="converting it takes more memory than there is, or than it may take"
        )
    answer_to.write(msgspec.json.encode(answer))
    answer_to.close()
    return 0


def _lacks_memory(error: Exception) -> bool:
    """Whether memory is what is missing; torch and CTranslate2 say so only in words."""
    said = str(error)
    return isinstance(error, MemoryError) or any(
        words in said for words in ("allocate memory", "bad_alloc", "bad allocation")
    )


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not through `sys.stdin`: its lock would abort the interpreter's end
        pass
    os._exit(1)


def convert_checkpoint(request: Request) -> Converted:
    """Converts a checkpoint in the hub's layout.

    Raises:
        Refused: it does not become a model that writes what it wrote before.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise Refused(MISSING_EXTRA) from error
    transformers.utils.logging.disable_progress_bar()
    description, source = request.description, Path(request.source)
    tokenizer = _load_reference_tokenizer(source)
    vocabulary = _vocabulary(tokenizer, source)
    languages = language_tokens(vocabulary)
    if fault := language_fault(description, languages):
        raise Refused(fault)
    reference = Reference()

    def ask(model: Any) -> None:
        ask_reference(model, tokenizer, description, reference)

    def make(target: Path, look: Callable[[Any], None], cut: Callable[[Any], None]) -> None:
        loader = _checkpoint_loader(request.source, tokenizer, vocabulary, look, cut)
        _convert(loader, target, request.quantization, "checkpoint")
        _write_tokenizer(request, target, tokenizer)

    target = Path(request.target)
    make(target, ask, lambda spec: None)
    deviation = check(target, description, reference, request.quantization)
    trimmed, kept = trim_target(request, lambda place, cut: make(place, lambda model: None, cut))
    versions = {"torch": str(torch.__version__), "transformers": transformers.__version__}
    return Converted(
        language_tokens=languages,
        deviation=round(deviation, 5),
        trimmed=trimmed,
        whole_because=kept,
        versions=_versions() | versions,
    )


def convert_archive(request: Request) -> Converted:
    """Converts an unpacked OPUS-MT archive.

    Raises:
        Refused: it does not become a model, or to one that writes nonsense.
    """
    source, target = Path(request.source), Path(request.target)

    def make(target: Path, cut: Callable[[Any], None]) -> None:
        _convert(_archive_loader(request.source, cut), target, request.quantization, "archive")
        for name in ("source.spm", "target.spm"):
            shutil.copyfile(source / name, target / name)

    make(target, lambda spec: None)
    languages = language_tokens(read_vocabulary(target))
    if fault := language_fault(request.description, languages):
        raise Refused(fault)
    check_output(target, request.description)
    trimmed, kept = trim_target(request, make)
    return Converted(
        language_tokens=languages,
        deviation=None,
        trimmed=trimmed,
        whole_because=kept,
        versions=_versions(),
    )


def trim_target(
    request: Request, make: Callable[[Path, Callable[[Any], None]], None]
) -> tuple[int, str]:
    """Puts a model with a smaller decoder in the place of the whole one, where that is as good.

    Args:
        request: `request.target` holds the whole model, checked.
        make: makes another one from the same source: where, and what to do with its weights.

    Returns:
        How many pieces the decoder lost; 0 where the whole model stays. It stays too when the
        trimmed one does not pass its check: a slower model is better than none. Then the other is
        what the check said, else it is empty.
    """
    whole, description = Path(request.target), request.description
    shared = whole / "shared_vocabulary.json"  # else each side has a vocabulary of its own
    marian = (description.architecture, description.tokenizer) == ("marian", "sentencepiece")
    if not (request.trim_target and marian and shared.exists()):
        return 0, ""
    tokens = read_vocabulary(whole)
    rows = writable_rows(tokens, pieces_of(whole / "target.spm"))
    if rows is None:
        return 0, ""
    smaller = whole.with_name(f"{whole.name}-trimmed")
    try:
        make(smaller, lambda spec: trim(spec, rows))
        check_trimmed(whole, smaller, description)
    except Refused as refusal:
        shutil.rmtree(smaller, ignore_errors=True)
        return 0, str(refusal)
    shutil.rmtree(whole)
    smaller.rename(whole)
    return len(tokens) - len(rows), ""


def _convert(loader: Any, target: Path, quantization: str, form: str) -> None:
    try:
        loader.convert(str(target), quantization=quantization)
    except (KeyError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise
        raise Refused(f"CTranslate2 does not convert this {form}: {error}") from error


def _checkpoint_loader(
    source: str,
    tokenizer: Any,
    vocabulary: Sequence[str],
    look: Callable[[Any], None],
    cut: Callable[[Any], None],
) -> Any:
    """Returns a converter that shows `look` the model and `cut` its weights before it converts."""
    import torch
    from ctranslate2.converters import TransformersConverter

    class Loader(TransformersConverter):  # type: ignore[misc, unused-ignore]
        """Loads from the directory alone, in float32."""

        def _load(self) -> Any:
            spec = super()._load()
            cut(spec)
            return spec

        def load_model(self, model_class: Any, path: str, **kwargs: Any) -> Any:
            kwargs["dtype"] = torch.float32
            model = model_class.from_pretrained(
                path,
                local_files_only=True,
                trust_remote_code=False,
                weights_only=True,
                **{k: v for k, v in kwargs.items() if k != "trust_remote_code"},
            )
            _mend_config(model.config)
            look(model.eval())
            return model

        def load_tokenizer(self, tokenizer_class: Any, path: str, **kwargs: Any) -> Any:
            # CTranslate2 4.8.5 takes the vocabulary from `get_vocab`, which for M2M100 in
            # transformers 5.23 leaves out the language tokens: every id by its own token instead.
            tokenizer.get_vocab = lambda: {token: i for i, token in enumerate(vocabulary)}
            tokenizer.num_madeup_words = 0
            return tokenizer

    return Loader(source)


def _archive_loader(source: str, cut: Callable[[Any], None]) -> Any:
    """Returns a converter that shows `cut` the weights before it converts."""
    from ctranslate2.converters import OpusMTConverter

    class Loader(OpusMTConverter):  # type: ignore[misc, unused-ignore]
        def _load(self) -> Any:
            spec = super()._load()
            # CTranslate2 4.8.5 would add `</s>` to every source of a native model, and to none of
            # the hub's form. `Description.source_suffix` has it for both: twice is wrong.
            spec.config.add_source_eos = False
            cut(spec)
            return spec

    try:
        return Loader(source)
    except (KeyError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise
        raise Refused(f"CTranslate2 does not convert this archive: {error}") from error


def _versions() -> dict[str, str]:
    import ctranslate2

    return {"ctranslate2": ctranslate2.__version__}


def _load_reference_tokenizer(path: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    except (ImportError, OSError, ValueError) as error:
        raise Refused(f"its tokenizer cannot be read: {error}") from error


def _vocabulary(tokenizer: Any, path: Path) -> list[str]:
    """Returns the token of every id that the weights know; ids without one get a made-up name."""
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    size: int = config.get("vocab_size") or len(tokenizer)
    tokens: list[str] = []
    seen: set[str] = set()
    for i, token in enumerate(tokenizer.convert_ids_to_tokens(list(range(size)))):
        if token is None or token in seen:
            token = f"madeupword{i}"
        seen.add(token)
        tokens.append(token)
    return tokens


def _mend_config(config: Any) -> None:
    """Makes a configuration say what CTranslate2's loaders ask of it.

    CTranslate2 4.8.5 reads `normalize_before` and `normalize_embedding` from BART and Pegasus
    configurations. Old ones have them, those saved by transformers 5 do not; transformers itself
    has always ignored them, so what its model does is what counts.

    transformers 5.23 sets `tie_word_embeddings` on every T5 (`T5Config.__post_init__`), and
    CTranslate2 then scales the logits by d_model^-0.5: greedy search stays, beam search breaks.
    Whether the model scales is `scale_decoder_outputs`.
    """
    match config.model_type:
        case "bart":
            config.normalize_before, config.normalize_embedding = False, True
        case "pegasus":
            config.normalize_before, config.normalize_embedding = True, False
        case "t5":
            config.tie_word_embeddings = bool(config.scale_decoder_outputs)


def _write_tokenizer(request: Request, target: Path, tokenizer: Any) -> None:
    """Puts beside the weights what serving needs to tokenize without `transformers`."""
    source = Path(request.source)
    if request.description.tokenizer == "sentencepiece":
        one = source / "sentencepiece.bpe.model"  # M2M100 has one model for both sides
        for name in ("source.spm", "target.spm"):
            shutil.copyfile(source / name if (source / name).exists() else one, target / name)
        return
    from tokenizers import Tokenizer

    own = source / "tokenizer.json"
    # transformers 5 rebuilds some tokenizers from their vocabulary: the checkpoint's own file is
    # the surer one. It may carry the trainer's truncation, by which text would vanish.
    backend = Tokenizer.from_file(str(own)) if own.exists() else tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    backend.save(str(target / "tokenizer.json"), pretty=False)


if __name__ == "__main__":
    sys.exit(main())
