"""Every failure that a caller may meet, as data.

    ServiceError
    ├── InvalidRequest            the request cannot be served, whoever asks
    │   ├── InputTooLong          a limit was passed: field, limit, actual
    │   ├── UnsupportedPair       no model translates this pair of languages
    │   ├── UnsuitableModel       the named model does another task
    │   ├── UnusableGlossary      its terms cannot be used: why
    │   ├── NothingToSummarize    the text holds no words
    │   ├── UnreadableDocument    a file is not what it is taken for: why
    │   └── RefusedInput          the engine failed on this very input before
    ├── Unauthorized              no key, or not one that is known
    ├── Forbidden                 the key's scopes do not cover it: which one does
    ├── SlowClient                the request did not arrive in time
    ├── UnknownModel              no such name in the catalog
    ├── Unavailable               try again: retry_after_s
    │   ├── ModelUnavailable      cannot be had: download, checksum, disk, memory
    │   ├── ModelNotReady         on its way: progress
    │   ├── QueueFull             too much is waiting: limit, actual
    │   ├── TooManyRequests       of one client: limit, actual
    │   ├── TooManyTokens         of one client: limit, actual
    │   └── ShuttingDown          this process stops
    ├── InferenceFailed           the engine could not do this input
    └── DeadlineExceeded          the time given to the request ran out

The errors know nothing of HTTP; `service.api.problems` gives each its status.
"""

from collections.abc import Iterable

__all__ = [
    "DeadlineExceeded",
    "Forbidden",
    "InferenceFailed",
    "InputTooLong",
    "InvalidRequest",
    "ModelNotReady",
    "ModelUnavailable",
    "NothingToSummarize",
    "QueueFull",
    "RefusedInput",
    "ServiceError",
    "ShuttingDown",
    "SlowClient",
    "TooManyRequests",
    "TooManyTokens",
    "Unauthorized",
    "Unavailable",
    "UnknownModel",
    "UnreadableDocument",
    "UnsuitableModel",
    "UnsupportedPair",
    "UnusableGlossary",
]


class ServiceError(Exception):
    """The root. `title` is constant for a class, `detail` says this very case.

    Attributes:
        field: the request's field to blame, if one is.
        limit: the limit that was passed, if one was.
        actual: the measured value beside `limit`.
        retry_after_s: when asking again makes sense, in seconds.
        progress: 0..1 where a model is on its way.
    """

    title = "Service error"
    field: str | None = None
    limit: float | None = None
    actual: float | None = None
    retry_after_s: float | None = None
    progress: float | None = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidRequest(ServiceError):
    title = "Invalid request"


class InputTooLong(InvalidRequest):
    title = "Input too long"

    def __init__(self, field: str, *, limit: int, actual: int, unit: str = "characters") -> None:
        super().__init__(f"{field} has {actual} {unit}, at most {limit} are accepted")
        self.field, self.limit, self.actual = field, limit, actual


class UnsupportedPair(InvalidRequest):
    title = "Unsupported language pair"
    field = "target"

    def __init__(self, source: str, target: str, available: Iterable[tuple[str, str]]) -> None:
        known = sorted(available)
        pairs = ", ".join(f"{a}→{b}" for a, b in known) or "none"
        super().__init__(f"no model translates {source}→{target}; available: {pairs}")
        self.source, self.target = source, target
        if known and source not in dict(known):
            self.field = "source"


class UnsuitableModel(InvalidRequest):
    title = "Unsuitable model"
    field = "model"

    def __init__(self, name: str, *, does: str, asked: str) -> None:
        super().__init__(f"model {name} does {does}, the request asks for {asked}")
        self.name = name


class UnusableGlossary(InvalidRequest):
    title = "Unusable glossary"
    field = "glossary"


class NothingToSummarize(InvalidRequest):
    title = "Nothing to summarize"
    field = "text"

    def __init__(self) -> None:
        super().__init__("text holds no words")


class UnreadableDocument(InvalidRequest):
    """`reason` goes on where "file" begins: "is not valid UTF-8 at byte 7"."""

    title = "Unreadable document"
    field = "file"

    def __init__(
        self, reason: str, *, limit: float | None = None, actual: float | None = None
    ) -> None:
        super().__init__(f"file {reason}")
        self.limit, self.actual = limit, actual


class RefusedInput(InvalidRequest):
    """The engine failed on this input a moment ago; it is not tried again for a while."""

    title = "Refused input"

    def __init__(self, name: str) -> None:
        super().__init__(f"model {name} failed on this input before, so it is not tried again yet")
        self.name = name


class Unauthorized(ServiceError):
    title = "Unauthorized"

    def __init__(self, *, sent: bool) -> None:
        super().__init__("the key is not known" if sent else "a key is required")


class Forbidden(ServiceError):
    title = "Forbidden"

    def __init__(self, scope: str) -> None:
        super().__init__(f"the key lacks the scope {scope}")
        self.scope = scope


class SlowClient(ServiceError):
    title = "Request timeout"

    def __init__(self, *, limit_s: float) -> None:
        super().__init__(f"the request did not arrive within {limit_s:g} s")
        self.limit = limit_s


class UnknownModel(ServiceError):
    title = "Unknown model"
    field = "model"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"no model is named {name!r}; known: {', '.join(sorted(known))}")
        self.name = name


class Unavailable(ServiceError):
    title = "Unavailable"

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class ModelUnavailable(Unavailable):
    """The model cannot be had now: `reason` says why, in words an operator can act on.

    `retry_after_s` is what the cause asks for; who tries again adds patience of their own.
    """

    title = "Model unavailable"

    def __init__(self, name: str, reason: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(f"model {name} is unavailable: {reason}", retry_after_s=retry_after_s)
        self.name, self.reason = name, reason


class ModelNotReady(Unavailable):
    title = "Model not ready"

    def __init__(
        self, name: str, state: str, *, progress: float | None, retry_after_s: float = 10.0
    ) -> None:
        super().__init__(f"model {name} is {state}", retry_after_s=retry_after_s)
        self.name, self.state, self.progress = name, state, progress


class QueueFull(Unavailable):
    title = "Queue full"

    def __init__(self, name: str, *, limit: int, actual: int, retry_after_s: float = 1.0) -> None:
        super().__init__(
            f"{actual} jobs wait for model {name}, at most {limit} may", retry_after_s=retry_after_s
        )
        self.name, self.limit, self.actual = name, limit, actual


class TooManyRequests(Unavailable):
    """`what` is counted of one client: requests or wrong keys a minute, or requests at once."""

    title = "Too many requests"

    def __init__(self, what: str, *, limit: int, actual: int, retry_after_s: float) -> None:
        super().__init__(_too_many(what, limit, actual), retry_after_s=retry_after_s)
        self.limit, self.actual = limit, actual


class TooManyTokens(Unavailable):
    """The client's texts, not its requests, are too many for the time being."""

    title = "Too many tokens"

    def __init__(self, *, limit: int, actual: int, retry_after_s: float) -> None:
        detail = _too_many("tokens a minute", limit, actual)
        super().__init__(detail, retry_after_s=retry_after_s)
        self.limit, self.actual = limit, actual


def _too_many(what: str, limit: int, actual: int) -> str:
    return f"{actual} {what} of this client, at most {limit} are served"


class ShuttingDown(Unavailable):
    title = "Shutting down"

    def __init__(self, *, retry_after_s: float = 5.0) -> None:
        super().__init__("this process is stopping", retry_after_s=retry_after_s)


class InferenceFailed(ServiceError):
    """The engine failed on this input; the cause is chained and belongs in the log only."""

    title = "Inference failed"

    def __init__(self, name: str) -> None:
        super().__init__(f"model {name} failed on this input")
        self.name = name


class DeadlineExceeded(ServiceError):
    title = "Deadline exceeded"

    def __init__(self, *, limit_s: float) -> None:
        super().__init__(f"the request was not done within {limit_s:g} s")
        self.limit = limit_s
