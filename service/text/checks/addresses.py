"""Finds URLs, e-mail addresses, @handles and #hashtags, and which of them a translation lost.

It must not know languages or models: an address is the same in every language, byte for byte.
"""

import re
from collections import Counter
from typing import Final

__all__ = ["addresses", "lost_addresses", "without_addresses"]

# Schemes and the generic syntax are those of RFC 3986; lengths are bounded as in RFC 5321 (64 for a
# local part) and RFC 1035 (63 for a label). A bare domain counts in lower case only: "Amazon.com"
# in running text is a company, and a translator may write it in his own letters.
_ADDRESS: Final = re.compile(
    r"""
      (?<!\w)(?i:https?://|ftp://|www\.|mailto:)[^\s<>"«»“”„]++
    | (?<![\w.%+-])[A-Za-z0-9_%+-]{1,64}(?:\.[A-Za-z0-9_%+-]{1,64}){0,8}
        @(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?!\w)
    | (?<![\w.@/-])(?:[a-z0-9-]{1,63}\.){1,8}
        (?:com|org|net|edu|gov|int|info|io|am|ru|uk|de|fr|eu)(?![\w-])(?:/[^\s<>"«»“”„]*+)?+
    | (?<![\w@#/&.])[@#](?=\d*+[^\W\d])\w{1,140}+
    """,
    re.VERBOSE,
)
_TRAILING: Final = ".,;:!?'*…։՝՞՜՛”’»“"
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}

# An address goes on behind these: finding `a.am` in `a.am/news` or in `a.am.org` finds another one.
# A hyphen ends it where an Armenian or Russian ending follows (`a.am-ում`).
_GOES_ON: Final = re.compile(r"[\w/@%&=#~+]|[.:?-][A-Za-z0-9_]")

# Of so many different addresses each is looked for in the target, wherever it stands in a word.
_MAX_SEARCHES: Final = 100


def addresses(text: str) -> list[str]:
    """Return the addresses of `text` in order, without the punctuation that follows them."""
    found = (_trimmed(match.group()) for match in _ADDRESS.finditer(text))
    return [address for address in found if len(address) > 1]


def lost_addresses(source: str, target: str) -> list[str]:
    """Return the source's addresses that the target does not have as often, each once."""
    wanted = Counter(addresses(source))
    if not wanted:
        return []
    found = Counter(addresses(target))
    lost: list[str] = []
    searches = 0
    for address, times in wanted.items():
        if found[address] >= times:
            continue
        searches += 1
        if searches > _MAX_SEARCHES or not _occurs(address, target, times):
            lost.append(address)
    return lost


def without_addresses(text: str) -> str:
    """Return `text` of the same length with spaces in the place of its addresses."""
    return _ADDRESS.sub(lambda match: " " * len(match.group()), text)


def _trimmed(address: str) -> str:
    opened = {closing: address.find(opening) for closing, opening in _PAIRS.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        if last not in _TRAILING and not (last in opened and not 0 <= opened[last] < end):
            break
        end -= 1
    return address[:end]


def _occurs(address: str, target: str, times: int) -> bool:
    """Tell whether the address stands at least so many times in the target, whole."""
    position = target.find(address)
    while position >= 0 and times:
        end = position + len(address)
        before = target[position - 1] if position else " "
        if not (before.isalnum() or before in "@#/._-") and not _GOES_ON.match(target, end):
            times -= 1
        position = target.find(address, end)
    return not times
