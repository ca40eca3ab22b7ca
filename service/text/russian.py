"""Typography of Russian: quotes, dashes, numbers, the number sign, no-break spaces, letters.

Knows neither models nor what is turned on.
"""

import re

from service.text.punctuation import NO_BREAK, Rule, decimals, group, look_alikes, pair, ranges

__all__ = ["RULES"]

_C = "А-Яа-яЁё"  # letters
_LETTERS = re.compile(r"[A-Za-zͰ-ϿԱ-ևЀ-ӿ]++")
_NATIVE = "".join(map(chr, range(0x400, 0x460)))
_TWINS = str.maketrans("aceopxyABCEHKMOPTXοΟ", "асеорхуАВСЕНКМОРТХоО")
_QUOTES = {
    **dict.fromkeys("„‟«", "open"),
    **dict.fromkeys("”»", "close"),
    '"': "either",
}
_OUTER = ("«", "»")
_INNER = ("„", "“")
_INSIDE = re.compile(r"(?<=[«„])[ \t\xa0]+(?=\S)|(?<=[^\s«„])[ \t\xa0]+(?=»)")
_DASH = re.compile(
    rf"(?<=[{_C}A-Za-z»”“\")\],.!?…%\d]) (?:-{{1,3}}|–) (?=[{_C}A-Za-z«„“\"\[(])"
    rf"|(?<=[{_C}A-Za-z»”\")]) (?:-{{1,3}}|–) (?=\d)"
)
_SPEECH = re.compile(rf"(?<=[»“\"],)(?:-{{1,3}}|–|—) ?(?=[{_C}])")
_ELLIPSIS = re.compile(r"(?<![.!?])\.\.\.(?!\.)")
_BEFORE = re.compile(r"(?<=[^\s(«„\[—–-])[ \t\xa0]+(?=[,;:!?.](?:[\s»“\")]|$))", re.MULTILINE)
_STOP_INSIDE = re.compile(rf"(?<=[{_C}]{{4}})([.,])([»“])(?=\s*\Z| +[А-ЯЁ—])")
_NUMBER_SIGN = re.compile(r"(?<![\w#&])(?:#|No\.|No|N) ?(\d{1,6})(?![\w;])")
_SIGN_SPACE = re.compile(r"№(?=\d)")
_ENGLISH_SIGN = re.compile(r"(?:\b[Nn]o\.?|\b[Nn]umber|#|№) ?(\d{1,6})(?!\w)")
_UNIT = re.compile(
    r"[ \xa0]?(?:%|‰|°|процент|тысяч|миллион|миллиард|триллион|тыс\.|млн|млрд|трлн|км|метр|мил[ья]|"
    r"см|мм|кг|тонн|литр|кило|доллар|евро|рубл|час|раз|балл|градус)"
)
_JOINED = re.compile(
    r"(?<=\S) (?=—(?:\s|$))|(?<=[№§]) (?=\d)"
    rf"|(?<=\d) (?=\d{{3}}(?!\d)|(?:млн|млрд|тыс|трлн|км|кг|см|мм|м|гг|г|руб|долл|вв)(?![{_C}])|%)"
    rf"|(?<=(?<![{_C}.])[А-ЯЁ]\.) (?=[А-ЯЁ])"
    rf"|(?<=(?<![{_C}])[тиТИ]\.) (?=[депкнДЕПКН]\.)"
)
_SHORT_WORD = re.compile(
    rf"(?<![{_C}\w-])([ВвКкСсУуОоИиАаЯ]|[Нн]а|[Нн]е|[Пп]о|[Зз]а|[Ии]з|[Оо]т|[Дд]о) (?=[{_C}\d«])"
)


def _letters(text: str, source: str) -> str:
    del source
    return look_alikes(text, _LETTERS, _NATIVE, _TWINS)


def _guillemets(text: str, source: str) -> str:
    del source
    return "\n".join(_outer(line) for line in text.split("\n"))


def _outer(line: str) -> str:
    if any(sign in line for sign in '"“”„‟'):
        depth = line.count("«") and '"' not in line
        line = line if depth else pair(line, _signs(line), (_OUTER, _INNER))
    return _INSIDE.sub("", line)


def _signs(line: str) -> dict[str, str]:
    """“ opens where ” closes and closes where „ opens."""
    return _QUOTES | {"“": "close" if "„" in line else "open" if "”" in line else "either"}


def _inner(text: str, source: str) -> str:
    del source
    return "\n".join(
        pair(line, {"«": "open", "»": "close"}, (_OUTER, _INNER)) if line.count("«") > 1 else line
        for line in text.split("\n")
    )


def _dashes(text: str, source: str) -> str:
    return _SPEECH.sub(" — ", _DASH.sub(" — ", ranges(text, source)))


def _ellipsis(text: str, source: str) -> str:
    del source
    return _ELLIPSIS.sub("…", text)


def _space_before(text: str, source: str) -> str:
    del source
    return _BEFORE.sub("", text) if re.search(rf"[{_C}]", text) else text


def _stop_outside(text: str, source: str) -> str:
    del source
    return _STOP_INSIDE.sub(r"\2\1", text)


def _number_sign(text: str, source: str) -> str:
    numbers = set(_ENGLISH_SIGN.findall(source))

    def put(found: re.Match[str]) -> str:
        return f"№ {found[1]}" if found[1] in numbers else found[0]

    return _SIGN_SPACE.sub("№ ", _NUMBER_SIGN.sub(put, text) if numbers else text)


def _grouping(text: str, source: str) -> str:
    return group(text, source)


def _decimal_comma(text: str, source: str) -> str:
    return decimals(text, source, _UNIT)


def _no_break(text: str, source: str) -> str:
    del source
    return _SHORT_WORD.sub(rf"\1{NO_BREAK}", _JOINED.sub(NO_BREAK, text))


_RULES_1956 = "Правила русской орфографии и пунктуации (1956)"
_MILCHIN = "А. Э. Мильчин, Л. К. Чельцова, Справочник издателя и автора"
_LOPATIN = "Правила русской орфографии и пунктуации, под ред. В. В. Лопатина (2006)"
_CLDR = "Unicode CLDR, ru: decimal comma, groups parted by U+00A0"

RULES: tuple[Rule, ...] = (
    Rule(
        "ru-look-alikes",
        "no Latin or Greek letter of the same shape inside a Russian word",
        "Unicode Standard, UTS #39 (confusables)",
        _letters,
    ),
    Rule("ru-space-before", "no space before , . ; : ! ?", _MILCHIN, _space_before),
    Rule(
        "ru-guillemets",
        "quotations stand in « »",
        f"{_RULES_1956}; {_MILCHIN}, on quotation marks",
        _guillemets,
    ),
    Rule(
        "ru-inner-quotes",
        "quotations inside quotations stand in „ “",
        f"{_MILCHIN}; Грамота.ру, on quotes inside quotes",
        _inner,
    ),
    Rule(
        "ru-stop-outside",
        "the full stop and the comma follow the closing quote",
        f"{_LOPATIN}, on quotes with other signs",
        _stop_outside,
    ),
    Rule(
        "ru-ellipsis", "… is one sign (but ?.. and !..)", f"{_LOPATIN}; Unicode CLDR, ru", _ellipsis
    ),
    Rule(
        "ru-dashes",
        "a dash between words is — with spaces; ranges are closed up as in the source",
        f"{_MILCHIN}, on dashes and hyphens",
        _dashes,
    ),
    Rule("ru-number-sign", "№ and a space before a number", _MILCHIN, _number_sign),
    Rule("ru-grouping", "100 000 where the source has 100,000", f"{_MILCHIN}; {_CLDR}", _grouping),
    Rule(
        "ru-decimal-comma",
        "2,5 % where the source has 2.5 %",
        f"{_MILCHIN}; {_CLDR}",
        _decimal_comma,
    ),
    Rule(
        "ru-no-break-spaces",
        "no line ends before a dash, nor after №, a short word, an initial",
        _MILCHIN,
        _no_break,
        default=False,
    ),
)
"""Every rule of Russian, in the order in which they are applied."""
