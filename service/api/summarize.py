"""`POST /v1/summarize`."""

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody

from service.api.dependencies import CoreDependency
from service.api.middleware import within
from service.api.problems import problem_responses
from service.api.schemas import SummarizeBody, SummarizeResponse

__all__ = ["summarize"]


@post(
    "/v1/summarize",
    status_code=200,
    operation_id="summarize",
    summary="Summarize an English article",
    tags=["summarize"],
    responses=problem_responses(400, 404, 413, 422, 500, 503, 504),
)
async def summarize(
    request: Request[Any, Any, Any], data: JSONBody[SummarizeBody], core: CoreDependency
) -> SummarizeResponse:
    """An abstractive summary, in other languages too if asked; all of the article is read."""
    work = core.summarizer.summarize(data.request())
    return SummarizeResponse.of(await within(request, work, core.settings.deadline_s))
