"""Texts that nobody means well with, in any length: what users, scrapers and attackers send."""

from collections.abc import Callable, Mapping

__all__ = ["PIECES", "SHAPES"]


def _repeated(piece: str) -> Callable[[int], str]:
    return lambda length: (piece * (length // len(piece) + 1))[:length]


def _counted(pattern: str) -> Callable[[int], str]:
    def text(length: int) -> str:
        parts: list[str] = []
        size = number = 0
        while size < length:
            number += 1
            parts.append(pattern.format(number))
            size += len(parts[-1])
        return "".join(parts)[:length]

    return text


SHAPES: Mapping[str, Callable[[int], str]] = {
    "line breaks": _repeated("\n"),
    "spaces": _repeated(" "),
    "one letter": _repeated("a"),
    "one capital": _repeated("A"),
    "one digit": _repeated("7"),
    "full stops": _repeated("."),
    "single letters": _repeated("a "),
    "short sentences": _repeated("A b. "),
    "numbered sentences": _counted("The minister number {} came to Yerevan. "),
    "numbered lines": _counted("- item {}\n"),
    "numbers": _counted("{} "),
    "big numbers": _counted("{}000,000.5 "),
    "names": _counted("Anna Karen{0} met Van Gogh{0} . "),
    "capitals": _repeated("THE MINISTER OF GREECE SAID NO. "),
    "one long word of digits and letters": _counted("x{}"),
    "commas": _repeated("a, "),
    "hyphens": _repeated("a-"),
    "apostrophes": _repeated("a'"),
    "open quotation marks": _repeated("“a "),
    "quoted sentences": _repeated("“Yes. No.” "),
    "brackets": _repeated("["),
    "parentheses": _repeated("(a) "),
    "accents on one letter": lambda length: "e" + "\u0301" * (length - 1),
    "emoji": _repeated("🦊"),
    "families": _repeated("👩\u200d👩\u200d👧\u200d👦"),
    "flags": _repeated("🇦🇲"),
    "zero-width joiners": _repeated("\u200d"),
    "NUL": _repeated("\0"),
    "byte order marks": _repeated("\ufeff"),
    "bidirectional controls": _repeated("a\u202eb\u2066"),
    "Armenian": _repeated("Նախարարը եկավ Երևան։ "),
    "Russian": _repeated("Министр приехал в Ереван. "),
    "Arabic": _repeated("وصل الوزير إلى يريفان. "),
    "Devanagari": _repeated("मंत्री येरेवन पहुँचे। "),
    "Chinese": _repeated("部长抵达埃里温。"),
    "unassigned and private": _repeated("\U000e0fff\ue000\U0010ffff "),
    "HTML": _repeated('<p class="a">One &amp; two.</p>'),
    "open tags": _repeated("<b"),
    "JSON in JSON": _repeated('{"text": "[\\"a\\", {\\"b\\": null}]"}, '),
    "addresses": _counted("http://a.am/{} "),
    "e-mail": _counted("a{}@b.am, "),
    "list marks": _repeated("1. - * a) "),
    "line separators": _repeated("a\u2028b\x85c\x1d"),
}
"""By name, a function from a length in characters to a text of it."""

PIECES = (
    *("\0", "\ufeff", "\u200b", "\u200d", "\u2028", "\x85", "\r", "\r\n", "\n\n", "\t", "\x1b[31m"),
    *("\u202e", "\u2066", "\u2069", "\u200f", "\xa0", "\xad", "\ufffd", "\uffff", "\U0010ffff"),
    *(
        "e" + "\u0301" * 1000,
        "👩\u200d👩\u200d👧",
        "🇦🇲",
        "1️⃣",
        "🏴\U000e0067\U000e007f",
        "ﬁ",
        "ﷺ",
        "ẞ",
        "İ",
    ),
    *("Նախարարը եկավ։", "Министр.", "وصل", "मंत्री", "部长。", "ܐ", "𝔘𝔫𝔦", "Ⅷ", "²", "٣"),
    *("<b>bold</b>", "<script>alert(1)</script>", "&amp;", '{"text": "a"}', "[[[[", "%00", "${x}"),
    *(
        "https://example.org/?a=b&c",
        "a@b.am",
        "@name",
        "#tag",
        "1,000,000.50",
        "12:30",
        "3 %",
        "$5m",
    ),
    *("- ", "1. ", "* ", "“", "”", "«", "»", "'", '"', "…", "—", "?!", "...", "A.B.C."),
    *(
        "THE MINISTER",
        "Mr. Smith",
        "John",
        "U.S.",
        "e.g.",
        "no",
        "NaN",
        "null",
        "</s>",
        "<unk>",
        "▁",
    ),
)
"""Small parts of which such texts are made; tokens that mean something to models among them."""
