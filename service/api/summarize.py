"""`POST /v1/summarize`."""

from functools import partial
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg

from service.api.bodies import JSON, json_only
from service.api.dependencies import CoreDependency
from service.api.events import answered
from service.api.problems import problem_responses
from service.api.schemas import SummarizeBody, SummarizeResponse

__all__ = ["summarize"]

EXAMPLE = Example(
    summary="A short article",
    value={
        "text": "Gyumri opened a tram line on Saturday, the first in Armenia since 1984. It is "
        "7.4 kilometres long and has 13 stops. The project cost 61 million euros, of which the "
        "European Investment Bank lent 38 million.",
        "length": "short",
        "translate_to": ["hy", "ru"],
    },
)
SummarizeJSON = Annotated[
    SummarizeBody, BodyKwarg(media_type=RequestEncodingType.JSON, examples=[EXAMPLE])
]


@post(
    "/v1/summarize",
    status_code=200,
    operation_id="summarize",
    summary="Summarize an English article",
    tags=["summarize"],
    guards=[json_only],
    dto=JSON[SummarizeBody],
    return_dto=None,
    responses=problem_responses(400, 404, 408, 413, 415, 422, 429, 500, 503, 504),
)
async def summarize(
    request: Request[Any, Any, Any], data: SummarizeJSON, core: CoreDependency
) -> Response[SummarizeResponse]:
    """An abstractive summary, in other languages too if asked; all of the article is read."""
    work = partial(core.summarizer.summarize, data.request())
    shown, deadline_s = SummarizeResponse.of, core.settings.deadline_s
    return await answered(request, work, shown, deadline_s, stream=data.stream)
