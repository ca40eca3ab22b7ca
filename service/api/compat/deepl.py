"""DeepL's API, as far as its official clients translate texts with it.

Only renames: what is asked for in DeepL's words (its OpenAPI description, `DeepLcom/openapi`) is
asked of the task in ours, and the answer is said in DeepL's. What is not there is refused by its
name. Fields that DeepL adds later are ignored, as its own API does.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from service.api.bodies import Refused, json_or_form
from service.api.dependencies import CoreDependency
from service.api.doubts import counted
from service.api.forms import asked, asked_in_query
from service.api.middleware import within
from service.api.schemas import Body, FieldError
from service.core import Core
from service.models.languages import language_name
from service.tasks.detection import AUTO, DetectedTranslation
from service.tasks.translate import Quality, Splitting, TranslationRequest

__all__ = ["FREE", "WORK"]

NO_LIMIT = 1_000_000_000_000
"""What DeepL says where an account has no limit (developers.deepl.com, "Usage and quota")."""

QUALITIES: dict[str | None, Quality] = {
    None: "balanced",
    "latency_optimized": "fast",
    "quality_optimized": "best",
    "prefer_quality_optimized": "best",
}
SPLITTINGS: dict[str, Splitting] = {"0": "none", "1": "lines", "nonewlines": "paragraphs"}

NO_GLOSSARIES = (
    "no glossaries are kept here; the service's own (LUR_GLOSSARY) is always used, and "
    "POST /v1/translate takes one with the request"
)
REFUSED_FIELDS = {
    "glossary_id": NO_GLOSSARIES,
    "glossary_ids": NO_GLOSSARIES,
    "style_id": "there are no style rules here",
    "translation_memory_id": "there are no translation memories here",
    "custom_instructions": "instructions are not followed here",
    "splitting_tags": "which tags split sentences cannot be chosen here",
    "non_splitting_tags": "which tags split sentences cannot be chosen here",
}
ABSENT_PARTS = {
    "glossaries": NO_GLOSSARIES,
    "document": "this part of DeepL's API is not there; POST /v1/documents translates files",
}
ABSENT = "this part of DeepL's API is not there; translate, languages and usage are"

Code = Annotated[str, Meta(min_length=2, max_length=16)]


class TranslateBody(Body, frozen=True, forbid_unknown_fields=False):
    """`POST /v2/translate`. What only may influence a translation is not even read."""

    text: str | Annotated[list[str], Meta(min_length=1, max_length=128)]
    target_lang: Code
    source_lang: Code | None = None
    split_sentences: Literal["0", "1", "nonewlines"] | None = None
    formality: Literal["default", "more", "less", "prefer_more", "prefer_less"] | None = None
    model_type: (
        Literal["latency_optimized", "quality_optimized", "prefer_quality_optimized"] | None
    ) = None
    tag_handling: Literal["xml", "html"] | None = None
    outline_detection: bool = True
    ignore_tags: list[str] | None = None
    splitting_tags: list[str] | None = None
    non_splitting_tags: list[str] | None = None
    glossary_id: str | None = None
    glossary_ids: list[str] | None = None
    style_id: str | None = None
    translation_memory_id: str | None = None
    custom_instructions: list[str] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text,) if isinstance(self.text, str) else tuple(self.text)

    def request(self, core: Core) -> TranslationRequest:
        """Returns the task's own words for it.

        Raises:
            Refused: it wishes for what is not there.
        """
        for name, reason in REFUSED_FIELDS.items():
            if getattr(self, name):
                raise Refused(FieldError(name, reason))
        if self.formality in ("more", "less"):
            reason = "no target language has it here; prefer_more and prefer_less are ignored"
            raise Refused(FieldError("formality", reason))
        if not self.outline_detection:
            reason = "cannot be false: the structure is always read from the tags"
            raise Refused(FieldError("outline_detection", reason))
        pairs = core.catalog.pairs()
        by_default = "nonewlines" if self.tag_handling == "html" else "1"
        return TranslationRequest(
            texts=self.texts,
            targets=(_code(self.target_lang, {target for _, target in pairs}),),
            source=_code(self.source_lang, {source for source, _ in pairs}),
            quality=QUALITIES[self.model_type],
            splitting=SPLITTINGS[self.split_sentences or by_default],
            format=self.tag_handling or "text",
            ignore_tags=_tags(self.ignore_tags),
        )


def _code(said: str | None, known: set[str]) -> str:
    """Returns our code for DeepL's: `HY` is hy, and `PT-BR` is pt where there is no pt-br."""
    code = said.lower() if said else AUTO
    return code if code in known else code.partition("-")[0]


def _tags(listed: list[str] | None) -> tuple[str, ...]:
    """Returns the names; a form lists them between commas."""
    return tuple(tag.strip() for each in listed or () for tag in each.split(",") if tag.strip())


class Translated(Struct, frozen=True):
    """One text. `billed_characters` are its code points, which is what DeepL counts."""

    detected_source_language: str
    text: str
    billed_characters: int
    model_type_used: str | UnsetType = UNSET


class TranslateAnswer(Struct, frozen=True):
    """The answer to `POST /v2/translate`, in the order of the texts."""

    translations: list[Translated]

    @classmethod
    def said(
        cls, found: DetectedTranslation, texts: Sequence[str], model_type: str | None
    ) -> "Response[TranslateAnswer]":
        """Says a result in DeepL's words; how many warnings there are, in a header."""
        used = model_type and model_type.removeprefix("prefer_")
        done = found.result.translations
        translations = [
            Translated(source.language.upper(), translation.text, len(text), used or UNSET)
            for source, translation, text in zip(found.sources, done, texts, strict=True)
        ]
        warnings = [warning for translation in done for warning in translation.warnings]
        return Response(cls(translations), headers=counted(warnings))


class LanguagesBody(Body, frozen=True, forbid_unknown_fields=False):
    """`/v2/languages`."""

    type: Literal["source", "target"] = "source"


class Language(Struct, frozen=True):
    """A language, by its code in capitals and its name in English."""

    language: str
    name: str
    supports_formality: bool | UnsetType = UNSET


class UsageAnswer(Struct, frozen=True):
    """The answer to `/v2/usage`."""

    character_count: int
    character_limit: int = NO_LIMIT


class GlossaryLanguages(Struct, frozen=True):
    """The answer to `GET /v2/glossary-language-pairs`: there are none."""

    supported_languages: list[str] = []


class Glossaries(Struct, frozen=True):
    """The answer to `GET /v2/glossaries`: there are none."""

    glossaries: list[str] = []


@post("/v2/translate", status_code=200, guards=[json_or_form], include_in_schema=False)
async def translate(
    request: Request[Any, Any, Any], core: CoreDependency
) -> Response[TranslateAnswer]:
    """Translates texts; what they have in characters counts for the key."""
    body = await asked(request, TranslateBody)
    work = body.request(core)
    found = await within(request, core.detector.translate(work), core.settings.deadline_s)
    _characters(request)[_key(request)] += sum(map(len, work.texts))
    return TranslateAnswer.said(found, work.texts, body.model_type)


@route("/v2/languages", http_method=["GET", "POST"], status_code=200, include_in_schema=False)
async def languages(request: Request[Any, Any, Any], core: CoreDependency) -> list[Language]:
    """The languages of one side; the official client says in the body of a GET of which."""
    said = await request.body()
    body = await asked(request, LanguagesBody) if said else asked_in_query(request, LanguagesBody)
    is_target = body.type == "target"
    codes = sorted({pair[is_target] for pair in core.catalog.pairs()})
    formality = False if is_target else UNSET
    return [Language(code.upper(), language_name(code), formality) for code in codes]


@route("/v2/usage", http_method=["GET", "POST"], status_code=200, include_in_schema=False)
async def usage(request: Request[Any, Any, Any]) -> UsageAnswer:
    """The characters that this key had translated here since the process started."""
    return UsageAnswer(_characters(request)[_key(request)])


@get("/v2/glossary-language-pairs", include_in_schema=False)
async def glossary_languages() -> GlossaryLanguages:
    """None."""
    return GlossaryLanguages()


@get(["/v2/glossaries", "/v3/glossaries"], include_in_schema=False)
async def glossaries() -> Glossaries:
    """None."""
    return Glossaries()


@post(["/v2/glossaries", "/v3/glossaries"], status_code=404, include_in_schema=False)
async def no_glossary() -> None:
    """Says why none can be made."""
    raise NotFoundException(detail=NO_GLOSSARIES)


@route(
    ["/v2/{rest:path}", "/v3/{rest:path}"],
    http_method=["GET", "POST", "PUT", "PATCH", "DELETE"],
    status_code=404,
    include_in_schema=False,
)
async def absent(rest: FromPath[str]) -> None:
    """Says of the rest of DeepL's API that it is not there, and what is."""
    part = rest.strip("/").partition("/")[0]
    raise NotFoundException(detail=ABSENT_PARTS.get(part, ABSENT))


def _characters(request: Request[Any, Any, Any]) -> Counter[str]:
    """Returns the characters of each key, as this application counts them."""
    found: Counter[str] = request.app.state.deepl_characters
    return found


def _key(request: Request[Any, Any, Any]) -> str:
    """Returns the name of the key; an open service knows but one client."""
    name: str = request.scope["state"].get("client", "")
    return name


WORK = (translate,)
FREE = (languages, usage, glossary_languages, glossaries, no_glossary, absent)
