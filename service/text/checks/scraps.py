"""Finds what no writer writes: marks of a tokenizer, scraps of markup, characters without a glyph.

It must not know languages, models, nor which tokenizer was at work.
"""

import re
from typing import Final

__all__ = ["scraps"]

# SentencePiece writes `⁇` for an unknown piece and `▁` for a space; BPE tools write `@@` at a cut
# and `@-@` for a hyphen; the rest are special tokens of vocabularies, target-language tokens of
# multilingual models, HTML character references, and code points that Unicode gives no meaning.
_SCRAP: Final = re.compile(
    r"""
      ⁇+ | \ufffd+ | ▁+ | @@(?=\s|$) | @-@
    | </?(?:s|unk|pad|mask|bos|eos|sep|cls|extra_id_\d{1,3}|2[a-z]{2,3})> | <0x[0-9A-F]{2}>
    | \[(?:UNK|PAD|MASK|CLS|SEP)\] | <\|[a-z_]{1,32}\|> | >>[A-Za-z_]{2,16}<<
    | (?<![\w])__[a-z]{2,3}__(?!\w) | (?<!\w)[a-z]{3}_[A-Z][a-z]{3}(?!\w)
    | &(?:amp|quot|apos|lt|gt|nbsp|\#\d{2,6}|\#x[0-9A-Fa-f]{2,6});
    | [\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufffe\uffff]
    """,
    re.VERBOSE,
)
_MAX_SCRAPS: Final = 5


def scraps(source: str, target: str) -> list[str]:
    """Return the scraps of the target that the source does not have, each once, at most five.

    A character that cannot be shown is returned by its code point (`U+0007`).
    """
    allowed = frozenset(_SCRAP.findall(source))
    found: dict[str, None] = {}
    for match in _SCRAP.finditer(target):
        if match.group() not in allowed:
            found[_shown(match.group())] = None
            if len(found) == _MAX_SCRAPS:
                break
    return list(found)


def _shown(scrap: str) -> str:
    if len(scrap) == 1 and not scrap.isprintable():
        return f"U+{ord(scrap):04X}"
    return scrap
