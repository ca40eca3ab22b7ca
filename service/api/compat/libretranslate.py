"""LibreTranslate's API: `/translate`, `/detect`, `/languages` and `/frontend/settings`.

Only renames: what is asked for in LibreTranslate's words (of version 1.9) is asked of the tasks in
ours, and the answer is said in its words. Unknown fields are ignored, as there. Fields in the query
of a URL are not looked at, unlike there: servers write addresses to their logs, and texts and keys
do not belong there. Suggestions and files are off, and said to be so in LibreTranslate's own way.
"""

from typing import Any, TypeVar

from litestar import Request, Response, get, post
from litestar.exceptions import PermissionDeniedException
from msgspec import UNSET, Struct, UnsetType, field

from service.api.bodies import json_or_any_form
from service.api.compat.lengths import check_length
from service.api.dependencies import CoreDependency
from service.api.doubts import counted
from service.api.forms import asked
from service.api.middleware import within
from service.api.schemas import Body
from service.core import Core
from service.errors import InputTooLong, InvalidRequest
from service.models.languages import language_name
from service.tasks.detection import AUTO, DetectedTranslation, Guess
from service.tasks.translate import TranslationRequest

__all__ = ["FREE", "WORK"]

T = TypeVar("T")

MAX_TEXTS = 128
MAX_ALTERNATIVES = 4

TYPING_MS = 500
"""After so long a pause a page translates what is being typed; LibreTranslate's own default."""

UNKNOWN = Guess("en", 0.0)
"""How LibreTranslate says that it does not know a language."""


class DetectBody(Body, frozen=True, forbid_unknown_fields=False):
    """`POST /detect`; of several texts, what they are in together."""

    q: str | list[str] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.q,) if isinstance(self.q, str) else tuple(self.q or ())

    def text(self, core: Core) -> str:
        """Returns what to detect.

        Raises:
            InvalidRequest, InputTooLong: there is nothing, or too much.
        """
        _needed("q", self.q)
        check_length("q", self.texts, core)
        joined = "\n".join(self.texts)
        return joined[: core.settings.max_characters]  # the breaks are not the client's


class TranslateBody(DetectBody, frozen=True, forbid_unknown_fields=False):
    """`POST /translate`."""

    source: str | None = None
    target: str | None = None
    format: str | None = None
    alternatives: int | str | None = None

    @property
    def names_no_source(self) -> bool:
        return self.source is not None and self.source.lower() == AUTO

    def count(self) -> int:
        """Returns how many alternatives are wished for.

        Raises:
            InvalidRequest: it is no number, or too large a one.
        """
        try:
            count = max(0, int(self.alternatives or 0))
        except ValueError:
            reason = "parameter is not a number"
            raise InvalidRequest(f"Invalid request: alternatives {reason}") from None
        if count > MAX_ALTERNATIVES:
            reason = f"parameter must be <= {MAX_ALTERNATIVES}"
            raise InvalidRequest(f"Invalid request: alternatives {reason}")
        return count

    def request(self, core: Core) -> TranslationRequest:
        """Returns the task's own words for it.

        Raises:
            InvalidRequest, InputTooLong: a field is missing, or its value cannot be served.
        """
        _needed("q", self.q)
        source, target = _needed("source", self.source), _needed("target", self.target)
        alternatives, is_html = self.count(), self.format == "html"
        if self.format not in (None, "", "text", "html"):
            raise InvalidRequest(f"{self.format} format is not supported")
        if len(self.texts) > MAX_TEXTS:
            raise InputTooLong("q", limit=MAX_TEXTS, actual=len(self.texts), unit="texts")
        check_length("q", self.texts, core)
        return TranslationRequest(
            texts=self.texts,
            targets=(target.lower(),),
            source=source.lower(),
            alternatives=0 if is_html else alternatives,  # of HTML there are none there either
            format="html" if is_html else "text",
        )


def _needed(name: str, value: T | None) -> T:
    if not value:
        raise InvalidRequest(f"Invalid request: missing {name} parameter")
    return value


class Detected(Struct, frozen=True):
    """A language, and how sure that is, in percent."""

    confidence: int
    language: str

    @classmethod
    def of(cls, guess: Guess) -> "Detected":
        return cls(round(100 * guess.confidence), guess.language)


class TranslateAnswer(Struct, frozen=True, rename="camel"):
    """The answer to `/translate`: one of each for a text, lists for a list."""

    translated_text: str | list[str]
    detected_language: Detected | list[Detected] | UnsetType = UNSET
    alternatives: list[str] | list[list[str]] | UnsetType = UNSET

    @classmethod
    def of(cls, found: DetectedTranslation, body: TranslateBody) -> "TranslateAnswer":
        """Says a result in LibreTranslate's words."""
        texts = [translation.text for translation in found.result.translations]
        others = [list(translation.alternatives) for translation in found.result.translations]
        sources = [Detected.of(source) for source in found.sources]
        is_list = isinstance(body.q, list)
        return cls(
            texts if is_list else texts[0],
            (sources if is_list else sources[0]) if body.names_no_source else UNSET,
            (others if is_list else others[0]) if body.count() else UNSET,
        )


class LibreLanguage(Struct, frozen=True):
    """A language, and into which others it is translated."""

    code: str
    name: str
    targets: list[str]


class Choice(Struct, frozen=True):
    """A language to begin with."""

    code: str
    name: str


class FrontendLanguages(Struct, frozen=True):
    """What a page shows first."""

    target: Choice
    source: Choice = Choice(AUTO, "Auto Detect")


class FrontendSettings(Struct, frozen=True, rename="camel"):
    """The answer to `/frontend/settings`."""

    char_limit: int
    api_keys: bool
    key_required: bool
    language: FrontendLanguages
    frontend_timeout: int = TYPING_MS
    suggestions: bool = False
    files_translation: bool = False
    supported_files_format: list[str] = field(default_factory=list)


@post("/translate", status_code=200, guards=[json_or_any_form], include_in_schema=False)
async def translate(
    request: Request[Any, Any, Any], core: CoreDependency
) -> Response[TranslateAnswer]:
    """Translates a text or several."""
    body = await asked(request, TranslateBody)
    work = core.detector.translate(body.request(core))
    found = await within(request, work, core.settings.deadline_s)
    warnings = [warning for done in found.result.translations for warning in done.warnings]
    return Response(TranslateAnswer.of(found, body), headers=counted(warnings))


@post("/detect", status_code=200, guards=[json_or_any_form], include_in_schema=False)
async def detect(request: Request[Any, Any, Any], core: CoreDependency) -> list[Detected]:
    """The languages that a text may be in, the likeliest first."""
    body = await asked(request, DetectBody)
    found = await within(request, core.detector.detect(body.text(core)), core.settings.deadline_s)
    return [Detected.of(guess) for guess in found.guesses or (UNKNOWN,)]


@get("/languages", include_in_schema=False)
async def languages(core: CoreDependency) -> list[LibreLanguage]:
    """Every language that is translated from or into."""
    pairs = core.catalog.pairs()
    codes = sorted({code for pair in pairs for code in pair})
    return [
        LibreLanguage(code, language_name(code), [into for source, into in pairs if source == code])
        for code in codes
    ]


@get("/frontend/settings", include_in_schema=False)
async def frontend_settings(core: CoreDependency) -> FrontendSettings:
    """What a page needs to know before it asks."""
    target = next((into for _, into in core.catalog.pairs()), AUTO)
    asks_for_key = core.settings.api_keys_file is not None
    return FrontendSettings(
        char_limit=core.settings.max_characters,
        api_keys=asks_for_key,
        key_required=asks_for_key,
        language=FrontendLanguages(Choice(target, language_name(target))),
    )


@post("/suggest", status_code=403, include_in_schema=False)
async def suggest() -> None:
    """Says that suggestions are not taken."""
    raise PermissionDeniedException(detail="Suggestions are disabled on this server.")


@post("/translate_file", status_code=403, include_in_schema=False)
async def translate_file() -> None:
    """Says that files are translated elsewhere."""
    reason = "Files translation are disabled on this server: POST /v1/documents translates files."
    raise PermissionDeniedException(detail=reason)


WORK = (translate, detect)
FREE = (languages, frontend_settings, suggest, translate_file)
