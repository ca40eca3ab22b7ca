"""What can be a character of a text. It must not know words."""

__all__ = ["is_unicode"]


def is_unicode(text: str) -> bool:
    """Tells whether a text can be written down: JSON can hold halves of characters (surrogates)."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
