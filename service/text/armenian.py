"""Typography of modern Eastern Armenian: spelling of և, stops, quotes, dashes, numbers, letters.

The marks that stand on vowels are in `armenian_marks`, the stops in `armenian_stops`. Knows neither
models nor what is turned on.
"""

import re

from service.text import armenian_marks, armenian_stops
from service.text.punctuation import Rule, decimals, group, look_alikes, pair, ranges

__all__ = ["RULES"]

_A = "Ա-Ֆա-և"  # letters

# -- letters -------------------------------------------------------------------------------------
_YEV = re.compile(r"ե([՛՞՜]?)ւ")
_EUROPE = re.compile(r"(?<![Ա-Ֆա-և])եւ(?=րո)|եւ(?=րոպ|րաս|րամիութ|րոմիութ)")
_CAPITAL_YEV = re.compile(rf"(?<![{_A}])Ե([՛՞՜]?)ւ(?![Ա-Ֆ])")
_LONE_YEV = re.compile(rf"(?<![{_A}-])եվ(?![{_A}-])")
_LETTERS = re.compile(r"[A-Za-zͰ-ϿЀ-ӿԱ-Ֆա-և]++")
_NATIVE = "".join(map(chr, (*range(0x531, 0x557), *range(0x561, 0x588))))
_TWINS = str.maketrans("ohnugjqfOSUоһοΟ", "օհոսցյզֆՕՏՍօհօՕ")
_FINAL = "n"  # at a word's end rather the article ն, typed by ear


def _yev(text: str, source: str) -> str:
    del source
    text = _CAPITAL_YEV.sub(r"Ե\1վ", _EUROPE.sub("եվ", text))
    return _LONE_YEV.sub("և", _YEV.sub(r"և\1", text))


def _letters(text: str, source: str) -> str:
    del source
    return look_alikes(text, _LETTERS, _NATIVE, _TWINS, _FINAL)


# -- marks and spaces ----------------------------------------------------------------------------
_STRESSED = re.compile(
    rf"(?<![{_A}])(և|եւ|թե|այո|Թե|Այո)[`'’՚´](?=\s+[{_A}])"
    rf"|(?<![{_A}])(ո|Ո|կա|Կա|տե|Տե)[`'’՚´](?=(?:չ|մ|ս)(?![{_A}]))"
)
_ACUTE = re.compile(rf"(?<=[{_A}])´")
_BOWT = re.compile(
    rf"(?<=[{_A}])[`'’՚](?=\s+[{_A}\d«A-Za-z(])|(?<=[\d»)])`(?=\s+[{_A}\d«])"
    rf"|(?<=[{_A}])`(?=[{_A}«]|$)|(?<=[{_A}\d»)]) [`](?= )",
    re.MULTILINE,
)
_OPENING_SINGLE = re.compile(rf"(?<![{_A}\w»)\]])['‘`’](?=[\w«])")
_BEFORE = re.compile(r"(?<=[^\s«(\[])[ \t\xa0]+(?=[։՝՞՜՛]|[,:](?:[\s»\"”)]|$))", re.MULTILINE)
_SPLIT = re.compile(
    rf"(?<=[{_A}])([՞՜՛]) (?=(?:ւ[{_A}]{{0,20}}+|[բգդզթժլխծկհձղճմյնշչպջռսվտրցփքֆ]{{1,3}}+)"
    rf"(?![{_A}]))"
)
_ASKED = re.compile(
    rf"(?<![{_A}])([Իի]|[Ոո])՞ "
    rf"(?=(?:նչպիսի|նչպես|նչու|նչքան|նչեր|նչից|նչով|րերորդ)(?![{_A}]))"
)
_AFTER = re.compile(
    rf"(?<=[{_A}])([,՝])(?=[{_A}«])|(?<=[{_A}»])(։)(?=[Ա-Ֆ«])|(?<=[{_A}])([․.])(?=«)"
)


def _codes(text: str, source: str) -> str:
    del source
    text = _STRESSED.sub(lambda found: (found[1] or found[2]) + "՛", text)
    text = _ACUTE.sub("՛", text)
    return text if _OPENING_SINGLE.search(text) else _BOWT.sub("՝", text)


def _space_before(text: str, source: str) -> str:
    del source
    return _ASKED.sub(r"\1՞", _SPLIT.sub(r"\1", _BEFORE.sub("", text)))


def _space_after(text: str, source: str) -> str:
    del source
    return _AFTER.sub(lambda found: found[0] + " ", text)


# -- hyphens, dashes, quotes, ellipsis -------------------------------------------------------------
_ENDINGS = (
    "ի(?! (?:վերջո|դեպ|տարբեր|սկզբանե|հակադր|հեճուկս|պաշտպան|նպաստ|սեր|հայտ|թիվս|վիճակի|լրումն|"
    "պատիվ|հիշատակ|լուր|պատասխան|գիտություն))|ին|ինը|ից|ով|ում|ը|ն|ս|երորդ|րդ|րդը|րդի|րդն|ական|ականներ|"
    "ականների|ականներին|ականներից|ամյա|անոց|անոցի|անոցը|ներ|ները|ների|ներին|ներից|ներով|ներում"
)
_ENDING = re.compile(
    rf"(?<=[\dA-Za-zԱ-Ֆ.»])(?: [-–—] ?|[-–—] |(?<=[\d.])[–—])(?=(?:{_ENDINGS})(?![{_A}]))"
)
_SOME = re.compile(rf"(?<![{_A}])([Իի]նչ) [-–—] (?=որ(?![{_A}]))")
_COMPASS = re.compile(rf"(?<![{_A}])([Հհ]յուսիս|[Հհ]արավ) [-–—] (?=ար(?:և|եւ)(?:ել|մտ|մուտ))")
_DASH = re.compile(rf"(?<=[{_A}A-Za-z»”\")\],]) -{{1,3}} (?=[{_A}A-Za-z«“\"\[(])")
_SPEECH = re.compile(rf"(?<=[»\"”],) ([-–—]) (?=[{_A}])")
_ELLIPSIS = re.compile(r"(?<![.․])(?:\.\.\.|․․․)(?![.․])")
_QUOTES = {
    **dict.fromkeys("“„‟«", "open"),
    **dict.fromkeys("”»", "close"),
    '"': "either",
}
_INSIDE = re.compile(r"(?<=«)[ \t\xa0]+(?=\S)|(?<=[^\s«])[ \t\xa0]+(?=»(?!\w))")


def _hyphens(text: str, source: str) -> str:
    del source
    text = _ENDING.sub("-", text)
    return _COMPASS.sub(r"\1-", _SOME.sub(r"\1-", text))


def _guillemets(text: str, source: str) -> str:
    del source
    return "\n".join(_INSIDE.sub("", _paired(line)) for line in text.split("\n"))


def _paired(line: str) -> str:
    if not any(sign in line for sign in '"“”„‟'):
        return line
    if "«" in line and '"' not in line and "„" not in line:
        return line  # “ ” inside « » is a style of its own
    return pair(line, _QUOTES, (("«", "»"),))


def _dashes(text: str, source: str) -> str:
    text = _SPEECH.sub(r"\1 ", text)
    return _DASH.sub(" — ", ranges(text, source))


def _ellipsis(text: str, source: str) -> str:
    del source
    return _ELLIPSIS.sub("…", text)


# -- numbers ---------------------------------------------------------------------------------------
_UNIT = re.compile(
    r"[ \xa0]?(?:%|‰|°|տոկոս|հազար|միլիոն|միլիարդ|տրիլիոն|մլն|մլրդ|կմ|մետր|մղոն|սմ|մմ|կգ|տոննա|"
    r"լիտր|կիլո|դոլար|եվրո|դրամ|ռուբլի|ժամ|անգամ|բալ|աստիճան)"
)


def _grouping(text: str, source: str) -> str:
    return group(text, source)


def _decimal_comma(text: str, source: str) -> str:
    return decimals(text, source, _UNIT)


_COMMITTEE = "Language Committee of Armenia (langcom.am)"
_GUIDE = "S. Abrahamyan, Armenian punctuation (Հայերենի կետադրություն, 2002)"
_MARKS = f"{_COMMITTEE}, D. Gyurjinyan, Difficulties in using the question mark"
_CLDR = "Unicode CLDR, hy: decimal comma, groups parted by U+00A0"

RULES: tuple[Rule, ...] = (
    Rule(
        "hy-look-alikes",
        "no foreign letter of the same shape inside an Armenian word",
        "Unicode Standard, UTS #39 (confusables)",
        _letters,
    ),
    Rule(
        "hy-marks", "՝ ՛ are their own signs, not ` ' ´", "Unicode Standard, block Armenian", _codes
    ),
    Rule(
        "hy-yev",
        "և, not եւ; Եվ at a beginning, եվ in Europe and its kin",
        "Orthography of the Armenian SSR, decree of 22 August 1940, as taught today",
        _yev,
    ),
    Rule(
        "hy-space-before",
        "no space before ։ ՝ ՞ ՜ ՛ , : nor inside a word around its mark",
        _GUIDE,
        _space_before,
    ),
    Rule(
        "hy-hyphens",
        "endings join figures and abbreviations by a hyphen: 20-րդ, թ.-ին, ՄԱԿ-ի",
        "Orthography of 1940, on the hyphen (միության գծիկ)",
        _hyphens,
    ),
    Rule(
        "hy-guillemets",
        "quotations stand in « »",
        f"{_GUIDE}; Unicode CLDR, hy: quotationStart",
        _guillemets,
    ),
    Rule(
        "hy-ellipsis",
        "… is one sign",
        f"{_COMMITTEE}, On suspension points; Unicode CLDR, hy",
        _ellipsis,
    ),
    Rule(
        "hy-dashes",
        "a dash between words is —; the dash of speech joins its comma; ranges as in the source",
        f"{_GUIDE}, անջատման գիծ",
        _dashes,
    ),
    Rule(
        "hy-marks-on-vowel",
        "՞ ՜ ՛ stand on the vowel of the stressed syllable, inside ու",
        _MARKS,
        armenian_marks.on_vowel,
    ),
    Rule(
        "hy-question-mark",
        "a question is marked by ՞ on the asking word, not by ?",
        _MARKS,
        armenian_marks.ask,
    ),
    Rule(
        "hy-exclamation-mark",
        "a call is marked by ՜ or ՛ on its word, not by !",
        _GUIDE,
        armenian_marks.exclaim,
    ),
    Rule(
        "hy-semicolon",
        "the middle stop (միջակետ) parts clauses, not ;",
        _GUIDE,
        armenian_stops.semicolon,
    ),
    Rule(
        "hy-full-stop",
        "a sentence ends with ։ (U+0589), not with a point or a look-alike of ։",
        f"{_GUIDE}; Microsoft Armenian Style Guide (2017): U+0589, not U+003A",
        armenian_stops.full_stop,
    ),
    Rule(
        "hy-colon",
        "a sentence ends with ։ (U+0589), not with a colon",
        "Microsoft Armenian Style Guide (2017): U+0589, not U+003A",
        armenian_stops.colon,
    ),
    Rule("hy-space-after", "a space after ։ , ՝ where the next word begins", _GUIDE, _space_after),
    Rule("hy-grouping", "100 000 where the source has 100,000", _CLDR, _grouping),
    Rule("hy-decimal-comma", "2,5 % where the source has 2.5 %", _CLDR, _decimal_comma),
)
"""Every rule of Armenian, in the order in which they are applied."""
