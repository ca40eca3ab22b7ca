"""How an answer that is not ours to shape says that something in it is doubtful: by a count.

Files and foreign APIs have no place for warnings, but every answer has headers.

What is doubtful about which sentence only our own API can say.
"""

from collections.abc import Sequence

from service.tasks.results import Caution

__all__ = ["counted"]


def counted(warnings: Sequence[Caution]) -> dict[str, str]:
    """Returns the header with the number of warnings that our own API would give."""
    return {"Lur-Warnings": str(len(warnings))}
