"""The Armenian stops: the full stop ։, the middle stop, and the point that only shortens a word.

Models write a point or a colon for each of them; what stands in the source decides where the sign
alone does not. Knows nothing of the other signs.
"""

import re
from collections.abc import Callable

__all__ = ["colon", "full_stop", "semicolon"]

_A = "Ա-Ֆա-և"  # letters
_STAND_INS = "\ue000-\uf8ff"  # for addresses, and for what a sentence keeps
_ARMENIAN_WORD = re.compile(rf"[{_A}]{{2}}")

# Titles stand before names, as if a sentence ended. ակադ., ավ., արք., եպս. are short forms of the
# encyclopedia «Քրիստոնյա Հայաստան» (2002), պրն. is one of Universal Dependencies.
_ABBREVIATIONS = frozenset((
    "թ", "թթ", "մ", "կմ", "սմ", "մմ", "կգ", "գ", "տ", "լ", "ր", "վ", "վրկ", "ժ", "դ", "դդ",
    "հզր", "մլն", "մլրդ", "հ", "հտ", "էջ", "գլ", "նկ", "աղ", "տես", "օր", "պ", "պր", "պրն", "տկն",
    "տիկ", "պրոֆ", "դոկտ", "ակադ", "ավ", "կրտ", "արք", "եպս", "գեն", "փող", "պող", "նրբ", "շ", "բն",
    "հեռ", "ֆաքս", "էլ", "ա", "բ", "մթ", "անգլ", "ռուս", "ֆր", "լատ", "հուն", "իսպ", "գերմ", "իտալ",
    "արաբ", "քառ", "խոր", "սբ", "ս", "այսպ", "հմմտ",
))  # fmt: skip
_ENGLISH_ABBREVIATION = (
    r"(?<![A-Za-z])(?:Mrs?|Ms|Mx|Drs?|Sts?|[JS]r|Profs?|Gen|Col|Lt|Sgt|Cpl|Capt|Maj|Adm|Cmdr|Sen|Rep|Gov"
    r"|Rev|Hon|Fr|Pres|Mt|Ft|vs|[ap]\.m|[ei]\.[ge]|[A-Z])\. "
)

_VARIANT_STOP = re.compile(rf"(?<=[{_A}»)])[∶ː：](?=[\s»\"”)]|$)", re.MULTILINE)
_DIGITS_STOP = re.compile(r"(?<![\w։])(\d{1,3})։(?=\d{1,3}(?!\d))")
_DOUBLED = re.compile(r"(?<![։:.])([։:]) ?[.:։]++(?=\s*$)", re.MULTILINE)
_LAST_DOT = re.compile(rf"(?<=[{_A}»)A-Za-z])\.(?=[»\"”)]?\s*\Z)")
_LAST_DOT_BEHIND_A_SIGN = re.compile(rf"(?<=[\d%‰°\]{_STAND_INS}])\.(?=[»\"”)]?\s*\Z)")
_LAST_SEMICOLON = re.compile(rf"(?<=[{_A}»)]);(?=\s*\Z)")
_SEMICOLON = re.compile(rf"(?<=[{_A}»)]);(?=\s[{_A}«])")
_INNER_DOT = re.compile(rf"(?<=[{_A}»)])\.(?= [Ա-Ֆ])")
_INNER_END = re.compile(_ENGLISH_ABBREVIATION + r"|(?P<end>[.!?][\"”’)]? (?=[A-Z\"“]))")
_COLON_STOP = re.compile(
    rf"(?<=[{_A}»)A-Za-z\d%\]՞՜՛․.{_STAND_INS}]):"
    rf"(?=[»\"”)]{{0,2}}(?:\s*\Z| *\n| +[Ա-ՖA-Z«\"“(\[\d]))"
)
_SAYING = re.compile(
    rf"(?<![{_A}])(?:ասաց|ասացին|ասում|ասել|ասված|ասվում|նշ(?:եց|ել|ում)|շարունակ(?:եց|ել|ում)|"
    r"հավել(?:եց|ել|ում)|ավելացրե[ցլ]|պատասխան(?:եց|ել|ում)|հայտարար(?:եց|ել|ում|վում)|գր(?:եց|ել|ում)|"
    r"պատմ(?:եց|ել|ում)|հարցրե[ցլ])(?: (?:է|են|էր|էին))?$"
)
_LAST_WORD = re.compile(rf"(?<![{_A}.])[{_A}.]{{1,12}}+$")


def full_stop(text: str, source: str) -> str:
    """Put ։ where a sentence ends in a point, a semicolon or a look-alike of ։."""
    text = _DIGITS_STOP.sub(r"\1:", _VARIANT_STOP.sub("։", text))
    if not _ARMENIAN_WORD.search(text):
        return text
    text = _DOUBLED.sub(r"\1", text)
    if source.rstrip()[-1:] not in (":", ",", ";", "…", "-"):
        text = _LAST_SEMICOLON.sub("։", _LAST_DOT.sub(_stop_unless_short(text), text))
    # Without a point in the source, 15. may be an ordinal, a list mark, a version.
    if source.rstrip(' "”’»)\n\t').endswith("."):
        text = _LAST_DOT_BEHIND_A_SIGN.sub("։", text)
    if _goes_on_after_an_end(source) and ":" not in source and ";" not in source:
        text = _INNER_DOT.sub(_stop_unless_short(text), text)
    return text


def _goes_on_after_an_end(source: str) -> bool:
    """Whether a sentence ends inside the source; the point of Mr. or of J. Smith is no end."""
    return any(found["end"] for found in _INNER_END.finditer(source))


def _stop_unless_short(text: str) -> Callable[[re.Match[str]], str]:
    def stop(found: re.Match[str]) -> str:
        if _SAYING.search(text, max(0, found.start() - 24), found.start()):
            return "."  # the middle stop before direct speech
        word = _LAST_WORD.search(text, max(0, found.start() - 16), found.start())
        if word is None:
            return "։"
        bare = word[0].strip(".").lower()
        short = len(bare) < 2 or "." in bare or bare in _ABBREVIATIONS
        return "." if short or (word[0].isupper() and len(bare) < 3) else "։"

    return stop


def colon(text: str, source: str) -> str:
    """Put ։ where a sentence ends in a colon that introduces nothing."""
    if source.rstrip().endswith(":") or not _ARMENIAN_WORD.search(text):
        return text

    last = len(text.rstrip(' »"”)\n\t'))
    has_colon = ":" in source

    def stop(found: re.Match[str]) -> str:
        before = max(0, found.start() - 24), found.start()
        inside = found.end() < last and (has_colon or _SAYING.search(text, *before))
        return ":" if inside else "։"

    return _COLON_STOP.sub(stop, text)


def semicolon(text: str, source: str) -> str:
    """Part clauses by the middle stop."""
    del source
    return _SEMICOLON.sub(".", text)
