"""How an answer in a foreign form says that something in it is doubtful: by a header, as a count.

What is doubtful about which sentence only our own API can say.
"""

from collections.abc import Sequence

from service.tasks.results import Caution

__all__ = ["counted"]


def counted(warnings: Sequence[Caution]) -> dict[str, str]:
    """Returns the header with the number of warnings that our own API would give."""
    return {"Lur-Warnings": str(len(warnings))}
