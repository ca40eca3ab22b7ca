"""The two tasks of Hugging Face's inference API that there are models for here.

`huggingface_hub.InferenceClient(model="http://.../hf/summarization")` works unchanged, and so does
what else speaks to an inference endpoint. Only renames. A parameter that has a meaning here is
obeyed, one that asks for something else is refused, and one that changes nothing here is named in
`X-HF-Warning`, which the official client logs.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from service.api.bodies import Refused, json_only
from service.api.compat.hugging_face_parameters import (
    SEARCH,
    Options,
    Parameters,
    TranslationParameters,
)
from service.api.compat.lengths import check_length
from service.api.dependencies import CoreDependency
from service.api.doubts import counted
from service.api.forms import asked
from service.api.middleware import within
from service.api.schemas import Body, FieldError
from service.core import Core
from service.models.languages import code_of
from service.tasks.summarize import SummaryRequest
from service.tasks.translate import Quality, TranslationRequest

__all__ = ["WORK"]

TOKENS_A_WORD = 1.5
"""At most, of a summarizer in English (1.3 to 1.5): so many words have no more tokens."""

MIN_WORDS = 5
MAX_WORDS = 2000

OPTIONS = "a request waits for its model anyway, and answers are the same each time"
CEILING = "a translation is never cut"

Text = Annotated[str, Meta(min_length=1)]


class SummarizationBody(Body, frozen=True):
    """`POST /hf/summarization`."""

    inputs: Text
    parameters: Parameters = Parameters()
    options: Options | None = None

    def request(self, core: Core) -> SummaryRequest:
        """Returns the task's own words for it; `max_length` becomes a ceiling in words.

        Raises:
            Refused, InputTooLong: it is at fault.
        """
        check_length("inputs", [self.inputs], core)
        self.parameters.check()
        ceiling = self.parameters.ceiling()
        if ceiling is None:
            return SummaryRequest(self.inputs)
        name, tokens = ceiling
        words = int(tokens / TOKENS_A_WORD)
        if words < MIN_WORDS:
            least = math.ceil(MIN_WORDS * TOKENS_A_WORD)
            error = FieldError(f"parameters.{name}", f"no sentence is so short; {least} at least")
            raise Refused(error, limit=least, actual=tokens)
        return SummaryRequest(self.inputs, max_words=min(words, MAX_WORDS))

    def without_effect(self) -> dict[str, str]:
        found = self.parameters.without_effect()
        if self.parameters.get("num_beams") is not None:
            found["num_beams"] = SEARCH
        return found | ({"options": OPTIONS} if self.options else {})


class TranslationBody(Body, frozen=True):
    """`POST /hf/translation`; one text, or several as pipelines take them."""

    inputs: Text | Annotated[list[str], Meta(min_length=1, max_length=128)]
    parameters: TranslationParameters = TranslationParameters()
    options: Options | None = None

    def request(self, core: Core, target: str | None) -> TranslationRequest:
        """Returns the task's own words for it; the number of beams becomes the quality.

        Args:
            target: the language that the path names, if it does.

        Raises:
            Refused, InputTooLong: it is at fault.
        """
        texts = (self.inputs,) if isinstance(self.inputs, str) else tuple(self.inputs)
        check_length("inputs", texts, core)
        self.parameters.check()
        return TranslationRequest(
            texts=texts,
            targets=(self._target(core, target),),
            source=code_of(self.parameters.src_lang or "en"),
            quality=self._quality(),
        )

    def _target(self, core: Core, target: str | None) -> str:
        said = [code_of(code) for code in (target, self.parameters.tgt_lang) if code]
        if len(set(said)) > 1:
            error = FieldError("parameters.tgt_lang", f"is {said[1]}, but the path says {said[0]}")
            raise Refused(error)
        if not said:
            targets = sorted({into for _, into in core.catalog.pairs()})
            message = f"is required: one of {', '.join(targets)}; or name it in the path"
            raise Refused(FieldError("parameters.tgt_lang", f"{message}, /hf/translation/hy"))
        return said[0]

    def _quality(self) -> Quality:
        beams = self.parameters.get("num_beams")
        if beams is None:
            return "balanced"
        return "fast" if beams == 1 else "balanced" if beams < 4 else "best"

    def without_effect(self) -> dict[str, str]:
        found = self.parameters.without_effect()
        for name in ("max_length", "max_new_tokens"):
            if self.parameters.get(name) is not None:
                found[name] = CEILING
        return found | ({"options": OPTIONS} if self.options else {})


class Summary(Struct, frozen=True):
    """One element of the answer to `/hf/summarization`."""

    summary_text: str


class Translated(Struct, frozen=True):
    """One element of the answer to `/hf/translation`."""

    translation_text: str


@post("/hf/summarization", status_code=200, guards=[json_only], include_in_schema=False)
async def summarization(
    request: Request[Any, Any, Any], core: CoreDependency
) -> Response[list[Summary]]:
    """Summarizes a text."""
    body = await asked(request, SummarizationBody)
    work = core.summarizer.summarize(body.request(core))
    result = await within(request, work, core.settings.deadline_s)
    headers = counted(result.warnings) | _told(body.without_effect())
    return Response([Summary(result.summary)], headers=headers)


@post("/hf/translation", status_code=200, guards=[json_only], include_in_schema=False)
async def translation(
    request: Request[Any, Any, Any], core: CoreDependency
) -> Response[list[Translated]]:
    """Translates into the language that the parameters name."""
    return await _translated(request, core, None)


@post("/hf/translation/{target:str}", status_code=200, guards=[json_only], include_in_schema=False)
async def translation_into(
    request: Request[Any, Any, Any], core: CoreDependency, target: FromPath[str]
) -> Response[list[Translated]]:
    """Translates into the language of the path: so each target is a model's address."""
    return await _translated(request, core, target)


async def _translated(
    request: Request[Any, Any, Any], core: Core, target: str | None
) -> Response[list[Translated]]:
    body = await asked(request, TranslationBody)
    work = core.translator.translate(body.request(core, target))
    result = await within(request, work, core.settings.deadline_s)
    warnings = [warning for done in result.translations for warning in done.warnings]
    return Response(
        [Translated(done.text) for done in result.translations],
        headers=counted(warnings) | _told(body.without_effect()),
    )


def _told(without_effect: Mapping[str, str]) -> dict[str, str]:
    """Returns the header that tells the official client what had no effect, and why."""
    if not without_effect:
        return {}
    said = ", ".join(f"{name} ({why})" for name, why in without_effect.items())
    return {"X-HF-Warning": f"parameters; without effect: {said}"}


WORK = (summarization, translation, translation_into)
