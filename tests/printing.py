"""How the service prints what the tiny language's grammar says."""

from service.text.typography import typeset
from tests.tinylang.grammar import Triple


def printed(triple: Triple, language: str) -> str:
    """The grammar's own translation, with the signs that its language is printed with."""
    return typeset(getattr(triple, language), language, triple.en)
