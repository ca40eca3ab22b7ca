"""Compares what a document shows with what came out, and writes it anew.

Knows nothing of documents, nor of how an answer came about. What is left out and what is not
compared is said in the package's docstring.
"""

import json
import re
from difflib import unified_diff
from typing import Any

__all__ = ["CHANGING", "VOLATILE", "agrees", "difference", "rewritten"]

VOLATILE = frozenset(
    ("timings_ms", "score", "instance", "last_used", "bytes_in_memory", "retry_after_s")
)
"""Keys of JSON whose values differ from run to run; only their shape is compared."""

CHANGING = (
    (r"""(["'](?:queue|inference|total|score|retry_after_s)["']: ?)(?:-?[\d.e-]+|null)""", r"\1#"),
    (r"""("(?:instance|last_used)": ?)(?:"[^"]*"|null)""", r"\1#"),
    (r"(?im)^((?:date|x-request-id|content-length|retry-after|ratelimit): ).*", r"\1#"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.]*(?:Z|[+-]\d\d:\d\d)?", "#date"),
    (r"\blur_[\w-]{43}", "#key"),
    (r"\b[0-9a-f]{64}\b", "#digest"),
    (r"(?m)^: keep-alive\n+", ""),  # of a stream on a slow machine
)
"""The same in other text: patterns, and what is compared in their place."""

ANY = "…"
WIDTH = 110

_CHANGING = [(re.compile(pattern), instead) for pattern, instead in CHANGING]


def agrees(kind: str, shown: str, found: str) -> bool:
    """Whether an answer is the one that is shown."""
    if kind == "json":
        value = _value(found)
        return value is not None and _same(_value(shown), value)
    return _as_pattern(shown).fullmatch(_steady(found)) is not None


def rewritten(kind: str, shown: str, found: str) -> str:
    """Returns what to show of an answer: what was left out before is left out again."""
    if agrees(kind, shown, found):
        return shown
    value = _value(found) if kind == "json" else None
    if value is None:
        return found.rstrip() + "\n"
    return laid_out(_elided(_value(shown), value)) + "\n"


def difference(kind: str, shown: str, found: str) -> str:
    """Returns what is shown and what was found instead, as a diff for people."""
    before, after = shown, rewritten(kind, shown, found)
    if kind != "json":
        before, after = _steady(before), _steady(after)
    lines = before.split("\n"), after.split("\n")
    return "\n".join(unified_diff(*lines, "shown", "found", n=2, lineterm=""))


def laid_out(value: object, indent: int = 0, behind: int = 0) -> str:
    """Returns JSON in which what fits on a line is on one.

    Args:
        value: what `json.loads` returned.
        indent: of the line that it begins in.
        behind: characters that stand before it on that line, and after it.
    """
    flat = json.dumps(value, ensure_ascii=False)
    if indent + behind + len(flat) <= WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner, space = indent + 1, " " * (indent + 1)
    if isinstance(value, list):
        lines = [space + laid_out(item, inner, 1) for item in value]
    else:
        keys = [json.dumps(key, ensure_ascii=False) + ": " for key in value]
        items = zip(keys, value.values(), strict=True)
        lines = [space + key + laid_out(item, inner, len(key) + 1) for key, item in items]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{' ' * indent}{closing}"


def _value(text: str) -> Any:
    """None stands for what is no JSON; no answer is a lone `null`."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _same(shown: Any, found: Any, key: str = "") -> bool:
    if shown == ANY:
        return True
    if isinstance(shown, dict) and isinstance(found, dict):
        named = shown.keys() - {ANY}
        enough = named <= found.keys() if ANY in shown else named == found.keys()
        inside = key if key in VOLATILE else ""
        return enough and all(_same(shown[name], found[name], inside or name) for name in named)
    if isinstance(shown, list) and isinstance(found, list):
        return _same_items(shown, found)
    if key in VOLATILE:
        return _kind(shown) == _kind(found)
    if isinstance(shown, str) and isinstance(found, str) and shown.endswith(ANY):
        return found.startswith(shown.removesuffix(ANY))
    return type(shown) is type(found) and bool(shown == found)


def _same_items(shown: list[Any], found: list[Any]) -> bool:
    if not shown:
        return not found
    if shown[0] == ANY:
        return any(_same_items(shown[1:], found[skipped:]) for skipped in range(len(found) + 1))
    return bool(found) and _same(shown[0], found[0]) and _same_items(shown[1:], found[1:])


def _kind(value: object) -> str:
    return "number" if isinstance(value, int | float) else type(value).__name__


def _elided(shown: Any, found: Any, key: str = "") -> Any:
    if _same(shown, found, key):
        return shown
    if isinstance(shown, dict) and isinstance(found, dict):
        more = {ANY: ANY} if ANY in shown else {}
        names = [name for name in found if name in shown or not more]
        return {name: _elided(shown.get(name), found[name], name) for name in names} | more
    if isinstance(shown, list) and isinstance(found, list):
        more = [ANY] if shown[-1:] == [ANY] else []
        named = shown[: len(shown) - len(more)]
        beside = named if more else [*named, *[None] * len(found)]
        return [_elided(*pair) for pair in zip(beside, found, strict=False)] + more
    return found


def _steady(text: str) -> str:
    """Returns the text without what differs from run to run, nor spaces at ends of lines."""
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


def _as_pattern(shown: str) -> re.Pattern[str]:
    lines = _steady(shown).split("\n")
    parts = [
        r"(?:[^\n]*\n)*?" if line.strip() == ANY else re.escape(line).replace(ANY, "[^\n]*") + "\n"
        for line in lines
    ]
    pattern = "".join(parts)
    if lines[-1].strip() == ANY:
        return re.compile(pattern.removesuffix("?") + r"[^\n]*")
    return re.compile(pattern.removesuffix("\n"))
