"""Compares a converted model with what it was made from, before anybody may use it.

Three checks, each for what is there to compare with:

- `check`: a checkpoint of the hub's form has a reference. `transformers` writes a few tokens after
  fixed sentences (`ask_reference`), and the converted model must give each of those tokens the
  log-probability that the reference gives it. That catches weights that were tied, scaled,
  transposed or cut wrongly, a vocabulary that is shifted or in another order, a lost bias, a wrong
  start token.
- `check_output`: a native Marian archive has none, so only its output is looked at: it must not be
  empty, not the same for every sentence, not one piece repeated. That catches a broken file or
  vocabulary, not a small mistake.
- `check_trimmed`: a model whose decoder was cut down has the whole one beside it, and must compute
  the same.

None judges the text: a checkpoint that was bad stays bad. Knows nothing of how models are made.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from service.engines.base import Description
from service.engines.tokenizers import load_tokenizer

__all__ = [
    "MAX_DEVIATION",
    "MAX_LOGIT_GAP",
    "SENTENCES",
    "Reference",
    "Refused",
    "ask_reference",
    "check",
    "check_output",
    "check_trimmed",
    "read_vocabulary",
]

SENTENCES = (
    "The mayor of the small town opened a new bridge over the river on Monday.",
    "Anna has two brothers and a dog, and they all live near the sea.",
    "Nobody knows why the old library was closed in 1998.",
)

MAX_DEVIATION = {"float32": 0.02, "other": 0.6}
"""Largest accepted mean of |log p(converted) - log p(reference)| over the tokens, in nats.

Measured: see `tests/engines/test_convert.py`.
"""


MAX_LOGIT_GAP = 0.01
"""Largest accepted difference of any logit between a trimmed model and the whole one.

Measured on opus-mt-en-fr over 5 million logits: 0, in float32 and in int8, since rows are
quantized one by one. The room is for other processors, which may sum in another order.
"""

PROBES = 30
"""How many pieces, from all over the vocabulary, the decoder is made to read after a sentence."""


class Refused(Exception):
    """In the child: this checkpoint does not become a model; the message says why."""


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


def ask_reference(model: Any, tokenizer: Any, description: Description, into: Reference) -> None:
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
    known = set(read_vocabulary(path))
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


def check_trimmed(whole: Path, trimmed: Path, description: Description) -> float:
    """Compares a model whose decoder was cut down with the whole one, piece by piece.

    Both write after `SENTENCES`, and read pieces from all over the target vocabulary there. At
    every step the logit of every piece that was kept must be the same in both, so the trimmed one
    gives each text the probability of the whole one, renormalized over what it kept.

    Returns:
        The largest difference of a logit.

    Raises:
        Refused: a logit differs by more than `MAX_LOGIT_GAP`, or the whole model writes pieces
            that the trimmed one has not.
    """
    import ctranslate2
    import numpy

    kept = read_vocabulary(trimmed, "target")
    where = {token: i for i, token in enumerate(read_vocabulary(whole, "target"))}
    rows = [where[token] for token in kept]
    serving = load_tokenizer(whole, description)
    sources = [serving.encode(sentence) for sentence in SENTENCES]
    count = min(PROBES, description.max_target_tokens - 1)
    plain = [token for token in kept if token not in {"</s>", "<unk>"}]
    spread = plain[:: max(1, len(plain) // (count * len(sources)))]
    probes = [spread[i :: len(sources)][:count] for i in range(len(sources))]
    models = [ctranslate2.Translator(str(path), device="cpu") for path in (trimmed, whole)]
    widest = 0.0
    for prefixes in (None, probes):
        ours, theirs = (_steps(model, sources, prefixes) for model in models)
        if lost := {t for tokens, _ in theirs for t in tokens} - set(kept):
            raise Refused(f"the checkpoint writes {len(lost)} pieces that are not of its target")
        for (tokens, logits), (wanted_tokens, wanted) in zip(ours, theirs, strict=True):
            if tokens != wanted_tokens:
                raise Refused("the trimmed model writes something else than the whole one")
            widest = max(widest, float(numpy.abs(logits - wanted[:, rows]).max()))
    if not widest <= MAX_LOGIT_GAP:
        raise Refused(f"the trimmed model differs from the whole one by {widest:.3g} in a logit")
    return widest


def _steps(
    translator: Any, sources: list[list[str]], prefixes: list[list[str]] | None
) -> list[tuple[list[str], Any]]:
    """Returns for each source what is written, and the logits of all pieces at every step."""
    import numpy

    results = translator.translate_batch(
        sources,
        target_prefix=prefixes,
        beam_size=1,
        max_decoding_length=len(prefixes[0]) + 1 if prefixes else 24,
        max_input_length=0,
        disable_unk=True,
        return_logits_vocab=True,
    )
    return [
        (result.hypotheses[0], numpy.array([numpy.array(step) for step in result.logits[0]]))
        for result in results
    ]


def read_vocabulary(path: Path, side: Literal["source", "target"] = "source") -> list[str]:
    """Returns the tokens of a converted model, by their ids on this side."""
    shared = path / "shared_vocabulary.json"
    file = shared if shared.exists() else path / f"{side}_vocabulary.json"
    tokens: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return tokens
