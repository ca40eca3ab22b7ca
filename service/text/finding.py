"""What a check finds. Knows no model and no request."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about a text.

    Attributes:
        code: one of the closed set of warning codes in the API's contract.
        value: what it is about, as it is written (the number, the address, the phrase).
        message: one sentence for people; it never quotes more of the text than `value`.
    """

    code: str
    value: str
    message: str
