"""Reads forms that come in parts (RFC 7578), as far as each has come.

Litestar's own parser, without its way from a form to a handler. Knows no field.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from service.api.bodies import Refused
from service.api.schemas import FieldError

__all__ = ["Part", "parts_of"]


@dataclass(slots=True)
class Part:
    """A field. `file_name` is None where it is no file."""

    name: str
    file_name: str | None
    data: bytearray = field(default_factory=bytearray)


@contextmanager
def parts_of(
    content_type: str, max_parts: int, check: Callable[[Part], None], *, strict: bool = False
) -> Iterator[Callable[[bytes], Iterator[Part]]]:
    """Gives what is fed with bytes of one form, in order, and yields each part when it is whole.

    Args:
        check: sees each part when it begins and whenever it has grown; may raise.
        strict: whether parts must be written as RFC 7578 says, and not only so that they are clear.

    Raises:
        Refused: the form is not valid, or does not end.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    part = Part("", None)

    def feed(chunk: bytes) -> Iterator[Part]:
        nonlocal part
        for event in parser.parse(chunk):
            if event is None:
                yield part
                continue
            if isinstance(event, MultipartSegment):
                part = Part(event.name, event.filename)
            else:
                part.data += event
            check(part)

    try:
        with PushMultipartParser(boundary, max_segment_count=max_parts, strict=strict) as parser:
            yield feed
    except MultipartError as error:
        unreadable = any(isinstance(argument, UnicodeError) for argument in error.args)
        reason = "a part's header is not valid UTF-8" if unreadable else error
        raise Refused(FieldError("body", f"no valid multipart form: {reason}")) from None
