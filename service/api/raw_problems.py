"""Problem documents where no application is there to make them: broken requests, a forced end.

Knows no error of ours: whoever sends one says what it says.
"""

import math
from dataclasses import dataclass

import msgspec

from service.api.schemas import Problem

__all__ = ["RawProblem", "problem_type"]


def problem_type(title: str) -> str:
    """Returns the URI that stands for all problems of this title."""
    return "urn:lur:problem:" + title.lower().replace(" ", "-")


@dataclass(frozen=True, slots=True)
class RawProblem:
    """An answer that is the last one of its connection."""

    status: int
    title: str
    detail: str
    retry_after_s: float | None = None

    def response(self, identity: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Returns headers and body; `identity` is the request's id."""
        body = msgspec.json.encode(
            Problem(
                type=problem_type(self.title),
                title=self.title,
                status=self.status,
                detail=self.detail,
                instance=identity,
                retry_after_s=self.retry_after_s,
            )
        )
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        if self.retry_after_s is not None:
            headers.append((b"retry-after", str(max(1, math.ceil(self.retry_after_s))).encode()))
        return headers, body
