"""The tokens by which models of several languages are told which one.

Knows their spelling in a vocabulary, and no model.
"""

import re
from collections.abc import Sequence

from service.engines.base import Description

__all__ = ["language_fault", "language_tokens"]

_LANGUAGE = re.compile(r">>[^<>\s]+<<|__[a-z]{2,3}__|[a-z]{3}_[A-Z][a-z]{3}")
"""Marian, M2M100 and NLLB spell a language so."""


def language_tokens(vocabulary: Sequence[str]) -> tuple[str, ...]:
    """Returns the language tokens of a vocabulary, in its order."""
    return tuple(token for token in vocabulary if _LANGUAGE.fullmatch(token))


def language_fault(description: Description, languages: Sequence[str]) -> str | None:
    """Returns why this model cannot be used with the row's language tokens, `None` if it can.

    A model of many languages without the right token writes some language or none at all.
    """
    some = ", ".join(languages[:8]) + (", …" if len(languages) > 8 else "")
    given = {
        "source_token": description.source_prefix,
        "target_token": description.target_prefix,
    }
    if description.architecture == "marian":
        given = {"target_token": description.source_prefix} if len(languages) > 1 else {}
    elif description.architecture != "m2m_100":
        return None
    for name, tokens in given.items():
        if not tokens:
            return f"it knows several languages and the row has no {name}; it has {some}"
    wanted = (*description.source_prefix, *description.target_prefix)
    if unknown := [token for token in wanted if token not in languages]:
        return f"its vocabulary has no {unknown[0]}; it has {some or 'no language token'}"
    return None
