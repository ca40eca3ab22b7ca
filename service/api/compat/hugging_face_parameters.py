"""The parameters of Hugging Face's inference API: which mean something here, and which do not.

Knows the words of the API, not what becomes of them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from service.api.bodies import Refused
from service.api.schemas import Body, FieldError

__all__ = ["SEARCH", "Options", "Parameters", "TranslationParameters"]

SEARCH = "how the model searches is its own business"
SAMPLING = "answers are not sampled: they are the same each time"
WITHOUT_EFFECT: Mapping[str, str] = {
    "clean_up_tokenization_spaces": "there are no such spaces to begin with",
    "truncation": "nothing is cut, whatever its length",
    "early_stopping": SEARCH,
    "length_penalty": SEARCH,
    "no_repeat_ngram_size": SEARCH,
    "repetition_penalty": SEARCH,
    "min_length": "a text is as long as its source asks for",
    "min_new_tokens": "a text is as long as its source asks for",
    "seed": SAMPLING,
    "temperature": SAMPLING,
    "top_k": SAMPLING,
    "top_p": SAMPLING,
}
"""What changes nothing, and why."""

Count = Annotated[int, Meta(ge=1)]


class Generation(Body, frozen=True):
    """Parameters of generation."""

    max_length: Count | None = None
    max_new_tokens: Count | None = None
    min_length: int | None = None
    min_new_tokens: int | None = None
    num_beams: Count | None = None
    num_return_sequences: Count | None = None
    do_sample: bool | None = None
    early_stopping: bool | str | None = None
    length_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None


class Parameters(Generation, frozen=True):
    """Parameters of a task; those of generation may stand among them, as they once did."""

    clean_up_tokenization_spaces: bool | None = None
    truncation: Literal["do_not_truncate", "longest_first", "only_first", "only_second"] | None = (
        None
    )
    generate_parameters: Generation | None = None

    def get(self, name: str) -> Any:
        """Returns what is said of a parameter of generation, in either place."""
        inner = getattr(self.generate_parameters, name, None)
        return getattr(self, name, None) if inner is None else inner

    def ceiling(self) -> tuple[str, int] | None:
        """Returns the ceiling for what is generated, in tokens, and its name, if there is one."""
        for name in ("max_new_tokens", "max_length"):
            tokens: int | None = self.get(name)
            if tokens:
                return name, tokens
        return None

    def check(self) -> None:
        """Raises `Refused` for what would be another answer than the one that is given."""
        if self.get("do_sample"):
            raise Refused(FieldError("parameters.do_sample", SAMPLING))
        if (self.get("num_return_sequences") or 1) > 1:
            raise Refused(FieldError("parameters.num_return_sequences", "there is one answer"))

    def without_effect(self) -> dict[str, str]:
        """Returns what was said that changes nothing, with the reasons."""
        return {name: why for name, why in WITHOUT_EFFECT.items() if self.get(name) is not None}


class TranslationParameters(Parameters, frozen=True):
    """Parameters of a translation."""

    src_lang: str | None = None
    tgt_lang: str | None = None


class Options(Body, frozen=True):
    """What the inference API of old had beside the parameters."""

    wait_for_model: bool | None = None
    use_cache: bool | None = None
