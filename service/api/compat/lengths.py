"""The limit on texts, by the names that foreign APIs give to texts."""

from collections.abc import Sequence

from service.core import Core
from service.errors import InputTooLong

__all__ = ["check_length"]


def check_length(field: str, texts: Sequence[str], core: Core) -> None:
    """Raises `InputTooLong` where the task would, but names the field of the foreign API."""
    limit, characters = core.settings.max_characters, sum(map(len, texts))
    if characters > limit:
        raise InputTooLong(field, limit=limit, actual=characters)
