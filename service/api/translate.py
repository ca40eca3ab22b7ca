"""`POST /v1/translate` and `GET /v1/languages`."""

from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg

from service.api.bodies import JSON, json_only
from service.api.dependencies import CoreDependency
from service.api.events import answered
from service.api.problems import problem_responses
from service.api.schemas import Language, QualityFigure, TranslateBody, TranslateResponse
from service.core import Core
from service.models.languages import language_name

__all__ = ["languages", "translate"]

EXAMPLE = Example(
    summary="Two texts into two languages",
    value={
        "text": ["The minister arrived on Monday.", "- First item\n- Second item"],
        "target": ["hy", "ru"],
        "quality": "best",
        "segments": True,
    },
)
TranslateJSON = Annotated[
    TranslateBody, BodyKwarg(media_type=RequestEncodingType.JSON, examples=[EXAMPLE])
]


@post(
    "/v1/translate",
    status_code=200,
    operation_id="translate",
    summary="Translate texts",
    tags=["translate"],
    guards=[json_only],
    dto=JSON[TranslateBody],
    return_dto=None,
    responses=problem_responses(400, 404, 408, 413, 415, 422, 429, 500, 503, 504),
)
async def translate(
    request: Request[Any, Any, Any], data: TranslateJSON, core: CoreDependency
) -> Response[TranslateResponse]:
    """Sentence by sentence; line breaks, list marks and spaces come back as they were."""
    work = partial(core.translator.translate, data.request())
    shown = partial(TranslateResponse.of, segments=data.segments)
    return await answered(request, work, shown, core.settings.deadline_s, stream=data.stream)


@get(
    "/v1/languages",
    operation_id="languages",
    summary="The language pairs, their models and what these are worth",
    tags=["translate"],
)
async def languages(core: CoreDependency) -> list[Language]:
    """Every pair of this profile, with the published quality of its first model."""
    return [_language(core, source, target) for source, target in core.catalog.pairs()]


def _language(core: Core, source: str, target: str) -> Language:
    spec = core.catalog.translators(source, target)[0]
    quality = None
    if spec.quality is not None:
        quality = msgspec.convert(spec.quality, QualityFigure, from_attributes=True)
    return Language(source, target, language_name(target), spec.name, spec.license, quality)
