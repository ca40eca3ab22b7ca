"""What the typography of several languages shares: rules, addresses, quotes, numbers, look-alikes.

Knows no language: every sign and every letter comes from the caller.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["NO_BREAK", "Rule", "decimals", "group", "look_alikes", "pair", "protected", "ranges"]

NO_BREAK = "\xa0"
"""Between the groups of a number (CLDR `group`, hy and ru): it never breaks over two lines."""

_HELD = "\ue000"
_AS_IT_IS = re.compile(
    _HELD + r"|(?:https?://|ftp://|www\.)[^\s«»\"“”<>]++"
    r"|(?<![\w.+-])[\w.+-]{1,64}+@[\w-]++(?:\.[\w-]++)*+"
    r"|(?<![A-Za-z0-9.@-])[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*?\.[A-Za-z]{2,24}+(?!\w)"
    r"(?:/[^\s«»\"“”<>]*+)?"
    r"|(?<![\w&])[@#][A-Za-z_]\w*+|&#?\w{1,10}+;"
    r"|(?P<smiley>(?:(?<!\S)[:;]-?[(DP]|[:;]-?\)++)(?!\w))|(?P<bracket>[()\n])"
)
_TRAILING = ".,:;!?…։՝)]'"
_ENGLISH_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})++(?!,?\d)")
_NUMBER = re.compile(r"(?<![\w.,])\d++(?:[.,]\d++)*+")
_ENGLISH_DECIMAL = re.compile(r"(?<![\w.,])\d++\.\d{1,3}+(?![\w.,]*\d)")
_SPACED_RANGE = re.compile(r"(?<![\w.,])(\d{1,9}+) ([-–—]) (\d{1,9}+)(?![\w.,]*\d)")
_RANGE = re.compile(r"(?<![\w.,])(\d{1,9}+)[-–—](\d{1,9}+)(?![\w.,]*\d)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a language's typography.

    Attributes:
        name: stable; part of the settings and of the API.
        description: one line for people.
        source: where the language itself says so.
        apply: from a text and what it was translated from ("" when unknown) to the text put right.
        default: whether the rule is on where nothing is said.
    """

    name: str
    description: str
    source: str
    apply: Callable[[str, str], str]
    default: bool = True


def protected(text: str, change: Callable[[str], str]) -> str:
    """`change(text)`, with web and mail addresses, @handles, #tags, &entities; and :) as they are.

    `change` sees one private character in the place of each, and must keep it. A colon before the
    bracket that closes another one is no smiley.
    """
    held: list[str] = []
    depth = 0  # of brackets, in this line

    def hold(found: re.Match[str]) -> str:
        nonlocal depth
        address = found[0]
        if found["bracket"]:
            depth = {"(": depth + 1, ")": max(depth - 1, 0), "\n": 0}[address]
            return address
        if found["smiley"]:
            closing = address.count(")")
            smiles = closing == 0 or closing > depth
            depth = max(depth - closing, 0)
            if smiles:
                held.append(address)
            return _HELD if smiles else address
        kept = address if address == _HELD or address[0] == "&" else address.rstrip(_TRAILING)
        held.append(kept)
        return _HELD + address[len(kept) :]

    changed = change(_AS_IT_IS.sub(hold, text))
    parts = changed.split(_HELD)
    if len(parts) != len(held) + 1:
        return text
    return parts[0] + "".join(kept + part for kept, part in zip(held, parts[1:], strict=True))


def pair(line: str, signs: Mapping[str, str], depth_signs: tuple[tuple[str, str], ...]) -> str:
    """Put the quotes of one line that have a partner in the signs of their depth.

    Args:
        line: one line; a quotation does not cross its end.
        signs: for each quotation sign "open", "close", or "either" (its neighbours decide).
        depth_signs: the opening and the closing sign of each depth; the last serves all deeper.

    Signs without a partner, and lines where a partner is doubtful (a closing sign meets none open),
    stay as they are.
    """
    found = [i for i, sign in enumerate(line) if sign in signs]
    if not found:
        return line
    stack: list[int] = []
    pairs: list[tuple[int, int, int]] = []
    for i in found:
        if _opens(line, i, signs[line[i]], bool(stack)):
            stack.append(i)
        elif stack:
            start = stack.pop()
            pairs.append((start, i, len(stack)))
        elif not (i and line[i - 1].isdigit()):
            return line
    out = list(line)
    unmatched = len(stack)
    for start, end, depth in pairs:
        level = min(max(depth - unmatched, 0), len(depth_signs) - 1)
        out[start], out[end] = depth_signs[level]
    return "".join(out)


def _opens(line: str, i: int, kind: str, inside: bool) -> bool:
    if kind != "either":
        return kind == "open"
    before, after = line[i - 1 : i], line[i + 1 : i + 2]
    starts = not before or before.isspace() or before in "([{«„“—–-/՝"
    ends = not after or after.isspace() or after in ")]}»”.,:;!?…։՝—–-/"
    if starts == ends:
        return not inside
    return starts


def group(text: str, source: str) -> str:
    """Write the numbers that `source` groups by commas in groups parted by no-break spaces.

    Only a number of the same digits is touched: no value changes.
    """
    numbers: list[str] = _ENGLISH_GROUPED.findall(source)
    grouped = {number.replace(",", ""): number for number in numbers}
    if not grouped:
        return text

    def put(found: re.Match[str]) -> str:
        number = str(found[0])
        plain = number.replace(",", "").replace(".", "")
        english = grouped.get(plain)
        if english is None or number not in (english, english.replace(",", "."), plain):
            return number
        if number == plain and len(plain) < 5:
            return number
        return english.replace(",", NO_BREAK)

    return _NUMBER.sub(put, text)


def decimals(text: str, source: str, unit: re.Pattern[str]) -> str:
    """Write the decimal comma in numbers that `source` writes with a point, before a unit.

    A number that may be a version, a section or a time has no unit behind it and stays.
    """
    points = set(_ENGLISH_DECIMAL.findall(source))
    if not points:
        return text

    def put(found: re.Match[str]) -> str:
        if found[0] in points and unit.match(text, found.end()):
            return found[0].replace(".", ",")
        return found[0]

    return _ENGLISH_DECIMAL.sub(put, text)


def ranges(text: str, source: str) -> str:
    """Close up the ranges and scores ("120 – 160") that `source` writes without spaces."""
    closed = set(_RANGE.findall(source))

    def put(found: re.Match[str]) -> str:
        first, dash, last = str(found[1]), str(found[2]), str(found[3])
        return first + dash + last if (first, last) in closed else str(found[0])

    return _SPACED_RANGE.sub(put, text) if closed else text


def look_alikes(
    text: str, word: re.Pattern[str], native: str, twins: Mapping[int, int], never_last: str = ""
) -> str:
    """Replace single foreign letters inside native words by the native letters of the same shape.

    Args:
        text: any text.
        word: matches runs of letters of all scripts in question.
        native: the native letters.
        twins: from a foreign letter's code point to that of the native letter.
        never_last: foreign letters that say nothing at the end of a word: such a word stays.

    A word is native when its native letters outnumber the others, no two others stand together, and
    each of them has a twin; a name with a native ending ("Google" + an ending) is left alone.
    """
    letters = frozenset(native)

    def put(found: re.Match[str]) -> str:
        run = found[0]
        others = [i for i, letter in enumerate(run) if letter not in letters]
        if not others or 2 * len(others) >= len(run) or len(run) < 3:
            return run
        if run[-1] in never_last or any(ord(run[i]) not in twins for i in others):
            return run
        if any(second - first == 1 for first, second in pairwise(others)):
            return run
        return run.translate(twins)

    return word.sub(put, text)
