"""Converts one checkpoint to CTranslate2, in a child process of its own.

`run` starts the child and waits for it; importing this module loads neither torch nor
`transformers`. The child (`python -m service.engines.convert`) reads a `Request` as one line of
JSON on stdin and writes a `Converted` or a `Refusal` to stdout. It dies with its parent: it ends
when stdin does. It reads one directory and fills another, and knows nothing of where the first
came from or where the second will go.

Before it answers it compares what it made with the reference. For a checkpoint of the hub's form
(`check`): `transformers` writes a few tokens after fixed sentences, and the converted model must
give each of those tokens the log-probability that the reference gives it. That catches weights
that were tied, scaled, transposed or cut wrongly, a vocabulary that is shifted or in another
order, a lost bias, a wrong start token. It does not judge the text: a checkpoint that was bad
stays bad. A native Marian archive has no reference here, so only its output is looked at
(`check_output`): it must not be empty, not the same for every sentence, not one piece repeated.
That catches a broken file or vocabulary, not a small mistake.
"""

import contextlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from service.engines.base import Description
from service.engines.tokenizers import load_tokenizer

__all__ = ["ConversionFailed", "Converted", "Reference", "Refused", "Request", "check", "run"]

MISSING_EXTRA = "converting needs the extra: pip install 'lur[convert]'"

SENTENCES = (
    "The mayor of the small town opened a new bridge over the river on Monday.",
    "Anna has two brothers and a dog, and they all live near the sea.",
    "Nobody knows why the old library was closed in 1998.",
)

MAX_DEVIATION = {"float32": 0.02, "other": 0.6}
"""Largest accepted mean of |log p(converted) - log p(reference)| over the tokens, in nats.

Measured: see `tests/engines/test_convert.py`.
"""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One conversion.

    Attributes:
        form: `checkpoint`: the hub's layout; `archive`: an unpacked OPUS-MT zip.
        description: with the language tokens that the row wants, so that the check uses them.
    """

    form: Literal["checkpoint", "archive"]
    source: str
    target: str
    quantization: str
    description: Description


class Converted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What was made.

    Attributes:
        language_tokens: the language tokens in its vocabulary; empty for a model of one pair.
        deviation: what the check measured, in nats a token; `None` where there is no reference.
        versions: of the libraries that took part.
    """

    language_tokens: tuple[str, ...]
    deviation: float | None
    versions: dict[str, str]


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Why nothing was made, in words for an operator."""

    reason: str


class ConversionFailed(Exception):
    """The child made nothing. `reason` is for an operator, `log` the end of what it printed."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(f"{reason}\n{log}" if log else reason)
        self.reason, self.log = reason, log


class Refused(Exception):
    """In the child: this checkpoint does not become a model; the message says why."""


# --- the parent's side ----------------------------------------------------------------------------


def run(request: Request, on_wait: Callable[[], None] = lambda: None) -> Converted:
    """Converts in a child process and waits for it.

    Args:
        request: what to convert; `request.target` must not exist.
        on_wait: called several times a second; what it raises ends the child and is passed on.

    Raises:
        ConversionFailed: the child refused, failed or was killed.
    """
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    # Nothing is fetched while converting, whatever a checkpoint's configuration names.
    environment = os.environ | {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "service.engines.convert"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=log,
            env=environment,
        )
        assert child.stdin is not None
        with child.stdin as pipe:
            try:
                with contextlib.suppress(BrokenPipeError):
                    pipe.write(msgspec.json.encode(request) + b"\n")
                    pipe.flush()
                _wait(child, on_wait)
            finally:
                child.kill()
                child.wait()
        return _answer(child.returncode, _read(out), _read(log).decode(errors="replace")[-4000:])


def _wait(child: subprocess.Popen[bytes], on_wait: Callable[[], None]) -> None:
    while True:
        try:
            child.wait(0.1)
            return
        except subprocess.TimeoutExpired:
            on_wait()


def _read(file: Any) -> bytes:
    file.seek(0)
    content: bytes = file.read()
    return content


def _answer(code: int, out: bytes, log: str) -> Converted:
    if code < 0:
        hint = "; is there enough memory?" if code == -9 else ""
        raise ConversionFailed(f"the conversion was ended by signal {-code}{hint}", log)
    try:
        answer = msgspec.json.decode(out, type=Converted | Refusal)
    except msgspec.DecodeError:
        raise ConversionFailed("the conversion failed; the log says more", log) from None
    if isinstance(answer, Refusal):
        raise ConversionFailed(answer.reason, log)
    return answer


# --- the child's side -----------------------------------------------------------------------------


def main() -> int:
    """Serves one request; unexpected errors end the process with a traceback on stderr."""
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answer_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print where they like; stdout is for the answer alone
    answer: Converted | Refusal
    try:
        answer = _convert_checkpoint(request) if request.form == "checkpoint" else _archive(request)
    except Refused as refusal:
        answer = Refusal(reason=str(refusal))
    answer_to.write(msgspec.json.encode(answer))
    answer_to.close()
    return 0


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not through `sys.stdin`: its lock would abort the interpreter's end
        pass
    os._exit(1)


@dataclass(slots=True)
class Reference:
    """What the reference model wrote after some sources, and how sure it was of each token.

    Attributes:
        sources: source tokens, special ones included.
        targets: target tokens, forced prefix included, end of sequence not.
        log_probs: of each token of `targets` after the forced prefix.
    """

    sources: list[list[str]] = field(default_factory=list)
    targets: list[list[str]] = field(default_factory=list)
    log_probs: list[list[float]] = field(default_factory=list)


def _convert_checkpoint(request: Request) -> Converted:
    try:
        import torch
        import transformers
        from ctranslate2.converters import TransformersConverter
    except ImportError as error:
        raise Refused(MISSING_EXTRA) from error
    transformers.utils.logging.disable_progress_bar()
    description, source = request.description, Path(request.source)
    tokenizer = _load_reference_tokenizer(source)
    vocabulary = _vocabulary(tokenizer, source)
    languages = _language_tokens(vocabulary)
    if fault := language_fault(description, languages):
        raise Refused(fault)
    reference = Reference()

    class Loader(TransformersConverter):  # type: ignore[misc, unused-ignore]
        """Loads from the directory alone, in float32, and asks the model before converting it."""

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
            _ask_reference(model.eval(), tokenizer, description, reference)
            return model

        def load_tokenizer(self, tokenizer_class: Any, path: str, **kwargs: Any) -> Any:
            # CTranslate2 4.8.5 takes the vocabulary from `get_vocab`, which for M2M100 in
            # transformers 5.23 leaves out the language tokens: every id by its own token instead.
            tokenizer.get_vocab = lambda: {token: i for i, token in enumerate(vocabulary)}
            tokenizer.num_madeup_words = 0
            return tokenizer

    try:
        Loader(request.source).convert(request.target, quantization=request.quantization)
    except ValueError as error:
        raise Refused(f"CTranslate2 does not convert this checkpoint: {error}") from error
    _write_tokenizer(request, tokenizer)
    deviation = check(Path(request.target), description, reference, request.quantization)
    versions = {"torch": str(torch.__version__), "transformers": transformers.__version__}
    return Converted(
        language_tokens=languages, deviation=round(deviation, 5), versions=_versions() | versions
    )


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


_LANGUAGE = re.compile(r">>[^<>\s]+<<|__[a-z]{2,3}__|[a-z]{3}_[A-Z][a-z]{3}")
"""Marian, M2M100 and NLLB spell a language so."""


def _language_tokens(vocabulary: Sequence[str]) -> tuple[str, ...]:
    return tuple(token for token in vocabulary if _LANGUAGE.fullmatch(token))


def language_fault(description: Description, languages: Sequence[str]) -> str | None:
    """Returns why this model cannot be used with the row's language tokens, `None` if it can.

    A model of many languages without the right token writes some language or none at all.
    """
    some = ", ".join(languages[:8]) + (", …" if len(languages) > 8 else "")
    given = {
        "source_token": description.source_prefix,
        "target_token": description.target_prefix,
    }
    if description.architecture == "marian":
        given = {"target_token": description.source_prefix} if len(languages) > 1 else {}
    elif description.architecture != "m2m_100":
        return None
    for name, tokens in given.items():
        if not tokens:
            return f"it knows several languages and the row has no {name}; it has {some}"
    wanted = (*description.source_prefix, *description.target_prefix)
    if unknown := [token for token in wanted if token not in languages]:
        return f"its vocabulary has no {unknown[0]}; it has {some or 'no language token'}"
    return None


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


def _write_tokenizer(request: Request, tokenizer: Any) -> None:
    """Puts beside the weights what serving needs to tokenize without `transformers`."""
    source, target = Path(request.source), Path(request.target)
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


# --- the check ------------------------------------------------------------------------------------


def _ask_reference(model: Any, tokenizer: Any, description: Description, into: Reference) -> None:
    """Lets the reference write after `SENTENCES`, and notes how sure it was of each token."""
    import torch
    from transformers import GenerationConfig

    end = tokenizer.convert_tokens_to_ids("</s>")
    pad, start = model.config.pad_token_id, model.config.decoder_start_token_id
    # Marian decodes from <pad>, which CTranslate2 takes out of the vocabulary.
    banned = [pad] if description.architecture == "marian" else []
    forced = tokenizer.convert_tokens_to_ids(list(description.target_prefix))
    own = description.tokenizer == "tokenizers" and description.architecture != "m2m_100"
    model.generation_config = GenerationConfig()
    for sentence in SENTENCES:
        ids = tokenizer(description.text_prefix + sentence, add_special_tokens=own).input_ids
        if not own:
            around = (description.source_prefix, description.source_suffix)
            before, after = (tokenizer.convert_tokens_to_ids(list(part)) for part in around)
            ids = [*before, *ids, *after]
        with torch.no_grad():
            output = model.generate(
                input_ids=torch.tensor([ids]),
                decoder_input_ids=torch.tensor([[start, *forced]]),
                generation_config=GenerationConfig(
                    num_beams=1, do_sample=False, min_new_tokens=12, max_new_tokens=24,
                    pad_token_id=pad, eos_token_id=end, decoder_start_token_id=start,
                    suppress_tokens=banned or None,
                ),
            )  # fmt: skip
            logits = model(input_ids=torch.tensor([ids]), decoder_input_ids=output).logits[0]
        logits[:, banned] = -math.inf
        written = [i for i in output[0].tolist()[1 + len(forced) :] if i != end]
        at = range(len(forced), len(forced) + len(written))
        log_probs = torch.log_softmax(logits, -1)[list(at), written]
        into.sources.append(tokenizer.convert_ids_to_tokens(ids))
        into.targets.append(tokenizer.convert_ids_to_tokens([*forced, *written]))
        into.log_probs.append(log_probs.tolist())


def check(path: Path, description: Description, reference: Reference, quantization: str) -> float:
    """Compares the converted model in `path` with the reference.

    Returns:
        The mean of |log p(converted) - log p(reference)| over all tokens, in nats.

    Raises:
        Refused: the serving tokenizer cuts the sentences otherwise than the reference's, or the
            mean is above `MAX_DEVIATION`.
    """
    import ctranslate2

    serving = load_tokenizer(path, description)
    known = set(_read_vocabulary(path))
    for sentence, source in zip(SENTENCES, reference.sources, strict=True):
        tokens = serving.encode(sentence)
        if [t if t in known else "<unk>" for t in tokens] != source:
            raise Refused("the converted tokenizer differs from the checkpoint's own")
    translator = ctranslate2.Translator(str(path), device="cpu")
    scores = translator.score_batch(reference.sources, reference.targets, max_input_length=0)
    skip = len(description.target_prefix)
    gaps = [
        abs(got - wanted)
        for score, wanted_all in zip(scores, reference.log_probs, strict=True)
        for got, wanted in zip(score.log_probs[skip:], wanted_all, strict=False)
    ]
    deviation: float = sum(gaps) / len(gaps)
    limit = MAX_DEVIATION["float32" if quantization == "float32" else "other"]
    if not deviation <= limit:
        raise Refused(
            f"the converted model differs from the checkpoint: {deviation:.3g} nats a token, "
            f"at most {limit} are accepted; it would write nonsense"
        )
    return deviation


def _archive(request: Request) -> Converted:
    from ctranslate2.converters import OpusMTConverter

    class Loader(OpusMTConverter):  # type: ignore[misc, unused-ignore]
        def _load(self) -> Any:
            spec = super()._load()
            # CTranslate2 4.8.5 would add `</s>` to every source of a native model, and to none of
            # the hub's form. `Description.source_suffix` has it for both: twice is wrong.
            spec.config.add_source_eos = False
            return spec

    target = Path(request.target)
    try:
        Loader(request.source).convert(request.target, quantization=request.quantization)
    except (KeyError, OSError, ValueError) as error:
        raise Refused(f"CTranslate2 does not convert this archive: {error}") from error
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(Path(request.source, name), target / name)
    languages = _language_tokens(_read_vocabulary(target))
    if fault := language_fault(request.description, languages):
        raise Refused(fault)
    check_output(target, request.description)
    return Converted(language_tokens=languages, deviation=None, versions=_versions())


def _read_vocabulary(path: Path) -> list[str]:
    shared = path / "shared_vocabulary.json"
    file = shared if shared.exists() else path / "source_vocabulary.json"
    tokens: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return tokens


def check_output(path: Path, description: Description) -> None:
    """Looks at what the model in `path` writes after `SENTENCES`.

    Raises:
        Refused: it wrote nothing, always the same, or one piece again and again.
    """
    import ctranslate2

    serving = load_tokenizer(path, description)
    translator = ctranslate2.Translator(str(path), device="cpu")
    results = translator.translate_batch(
        [serving.encode(sentence) for sentence in SENTENCES],
        beam_size=1,
        min_decoding_length=0,  # the library's default asks for one token
        max_decoding_length=48,
        max_input_length=0,
        disable_unk=True,
    )
    outputs = [result.hypotheses[0] for result in results]
    if not all(outputs):
        raise Refused("the converted model writes nothing")
    if len({tuple(output) for output in outputs}) == 1:
        raise Refused("the converted model writes the same for every sentence")
    if any(len(output) > 3 and len(set(output)) == 1 for output in outputs):
        raise Refused("the converted model writes one piece again and again")


if __name__ == "__main__":
    sys.exit(main())
