"""Every public function of `service.text`, and what the tasks do with text, as a work on one text.

A work gives the text to its function in the place that may cost most; the other arguments stay
small, or are the same text where a function compares two.
"""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import isfunction
from itertools import islice
from pkgutil import walk_packages
from types import FunctionType

import service.text
from service.tasks import condense
from service.tasks.judge import Fidelity, Judge
from service.tasks.trials import Output
from service.text import armenian_marks, declension, echoes, kept, pack, punctuation, segment, words
from service.text.alignment import Carrier, linked, relinked
from service.text.characters import is_unicode
from service.text.checks import (
    addresses,
    check,
    english,
    failures,
    inflection,
    lengths,
    repeats,
    scripts,
)
from service.text.checks.scraps import scraps
from service.text.clauses import clauses, continued
from service.text.consistency import inconsistent
from service.text.detect import detect
from service.text.faithful import Article, replacement
from service.text.finding import Finding
from service.text.glossary import Glossary, missed
from service.text.names import common, fold, forms, names, tokens
from service.text.names.known import KnownNames
from service.text.normalize import normalize
from service.text.numbers import (
    compare,
    digits,
    quantities,
    words_en,
    words_hy,
    words_ru,
)
from service.text.numbers import words as number_words
from service.text.numbers.known import KnownNumbers
from service.text.placeholders import PROXIES, restored, with_placeholders
from service.text.quotations import KnownQuotations, quotations
from service.text.segment import sentences, split
from service.text.support import support
from service.text.transliteration import likeness
from service.text.trimming import trimmed
from service.text.typography import RULES, Typography, typeset

__all__ = ["EVERYTHING", "HY", "RU", "SENTENCE", "WORKS", "own_glossary", "public_functions"]

EVERYTHING = Typography(frozenset(RULES))
HY, RU, FR = ("en", "hy"), ("en", "ru"), ("en", "fr")
SENTENCE = "Mr. Karen Saroyan of Ijevan said in May that about 2,500 of 7 mills closed."
ARMENIAN = "Պարոն Սարոյանն ասաց, որ մայիսին փակվել է 7 ջրաղաց։"
ARTICLE = Article.read(SENTENCE)
GLOSSARY = Glossary.of({f"term{n}": [f"ա{'ի' * n}", f"a{n}"] for n in range(100)})
TERMS = GLOSSARY.terms_in(" ".join(f"term{n}" for n in range(100)))
UNIT = re.compile(" ?%")


def own_glossary(text: str) -> Glossary:
    """Return a glossary of some words of a text, each its own translation."""
    found = dict.fromkeys(re.findall(r"[^\W_]{1,30}", text[:2_000]))
    known: dict[str, str] = {}
    for word in islice(found, 20):
        known.setdefault(word.translate(str.maketrans("", "", "\xad")), word)
    return Glossary.of(known)


def _lines(text: str, size: int = 400) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _taken_out_and_put_in(text: str) -> object:
    terms = own_glossary(text).terms_in(text)
    marks, placed = with_placeholders(text, terms)
    proxies, named = with_placeholders(text, terms, PROXIES["hy"])
    return restored(marks, placed), restored(proxies, named)


def _parsed(text: str) -> object:
    try:
        return Glossary.parse(text, "f")
    except ValueError:
        lines = [" ".join(line.split()) for line in _lines(text)]
        return Glossary.parse("\n".join(f"a{n}\t{line}b" for n, line in enumerate(lines)), "f")


def _judged(source: str, target: str, languages: tuple[str, str]) -> object:
    judge = Judge(languages, Fidelity(typography=EVERYTHING), own_glossary(source))
    return judge.judge(source, judge.terms(source), Output(target, -0.5, 9, True, False))


def _rejoined(text: str) -> object:
    document = split(text)
    return document.rejoin([s.text for s in document.segments]), document.paragraphs()


def _outputs(text: str) -> object:
    spans = pack.cut(text, 100, len)
    return segment.splice(text, spans, [continued(span.text, span.text) for span in spans])


def _kept(text: str) -> object:
    """Keeps every third word, and all of the text."""
    words_of = [segment.Span(*m.span(), m[0]) for m in re.finditer(r"\S+", text)]
    found = []
    for parts in (words_of[::3], [segment.Span(0, len(text), text)]):
        for one, own in kept.apart(text, split(text).segments, parts):
            spots = kept.spots(one.text[::-1], one.text, own)
            spots = spots or kept.spots(one.text, one.text, own) or []
            found.append(kept.shown(kept.hidden(one.text, spots), one.text, spots))
            found.append(kept.without(one.text, own))
    return found


def _linked(text: str) -> object:
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    looks = [[(n, 200), (0, 50)] for n in range(len(pieces))]
    found = list(linked(text, pieces, looks, text[::-1], pieces))
    return list(relinked(found, Carrier(text, text[1:] + "a")))


WORKS: dict[str, Callable[[str], object]] = {
    "split and rejoin": _rejoined,
    "split at paragraphs": lambda text: split(text, splitting="paragraphs").segments,
    "do not split": lambda text: split(text, splitting="none").segments,
    "sentences": sentences,
    "cut and splice": _outputs,
    "pack": lambda text: pack.pack([ord(c) % 16 for c in text], 60, range(0, len(text), 7)),
    "is_unicode": is_unicode,
    "clauses": clauses,
    "continued": lambda text: continued(text, text),
    "count_words": words.count_words,
    "stems": words.stems,
    "normalize en": normalize,
    "normalize ru": lambda text: normalize(text, "ru"),
    "typeset hy": lambda text: typeset(text, "hy", text, EVERYTHING),
    "typeset ru": lambda text: typeset(text, "ru", text, EVERYTHING),
    "typeset hy, no source": lambda text: typeset(text, "hy", "", EVERYTHING),
    "ask": lambda text: armenian_marks.ask(text, text),
    "exclaim": lambda text: armenian_marks.exclaim(text, text),
    "marked": lambda text: armenian_marks.marked(text, "՞"),
    "on_vowel": lambda text: armenian_marks.on_vowel(text, text),
    "decimals": lambda text: punctuation.decimals(text, text, UNIT),
    "group": lambda text: punctuation.group(text, text),
    "ranges": lambda text: punctuation.ranges(text, text),
    "pair": lambda text: punctuation.pair(
        text, {"«": "open", "»": "close", '"': "either"}, (("«", "»"), ("„", "“"))
    ),
    "look_alikes": lambda text: punctuation.look_alikes(
        text, re.compile(r"[^\W\d_]++"), "աբգ", {ord("o"): ord("օ")}
    ),
    "protected": lambda text: punctuation.protected(text, str.upper),
    "likeness": lambda text: likeness(text, text),
    "trimmed": trimmed,
    "declension.fold": declension.fold,
    "glue": lambda text: declension.glue(text or "a", "ի", text),
    "is_form": lambda text: declension.is_form(text, text + "ի"),
    "inconsistent, long segments": lambda text: inconsistent([(text, text)] * 3, HY),
    "inconsistent, many segments": lambda text: inconsistent(
        [(line, line[::-1]) for line in _lines(text)], RU
    ),
    "terms_in": GLOSSARY.terms_in,
    "terms_in, own words": lambda text: own_glossary(text).terms_in(text),
    "missed": lambda text: missed(TERMS, text),
    "placeholders": _taken_out_and_put_in,
    "restored": lambda text: restored(text, with_placeholders("term7", TERMS[:1])[1]),
    "Glossary.parse": _parsed,
    "tokens": tokens,
    "names": names,
    "names.fold": fold,
    "is_common": common.is_common,
    "name forms": lambda text: [
        form(text) for form in (forms.country, forms.expansions, forms.family, forms.is_place)
    ],
    "KnownNames.read": lambda text: KnownNames.read(text).missing(SENTENCE),
    "KnownNames.missing": ARTICLE.names.missing,
    "quantities en": lambda text: quantities(text, "en"),
    "quantities hy": lambda text: quantities(text, "hy"),
    "quantities ru": lambda text: quantities(text, "ru"),
    "compare hy": lambda text: compare(text, text, HY),
    "compare fr": lambda text: compare(text, text, FR),
    "figures": lambda text: list(digits.figures(text, "en")),
    "roman": digits.roman,
    "number words": lambda text: [
        read(text or "a")
        for read in (words_en.read_english, words_hy.read_armenian, words_ru.read_russian)
    ],
    "look_up": lambda text: number_words.look_up(text or "a", "hy"),
    "KnownNumbers.read": lambda text: KnownNumbers.read(text).missing(SENTENCE),
    "KnownNumbers.missing": ARTICLE.numbers.missing,
    "quotations": quotations,
    "KnownQuotations.read": lambda text: KnownQuotations.read(text).missing(SENTENCE),
    "KnownQuotations.missing": ARTICLE.quotations.missing,
    "addresses": addresses.addresses,
    "lost_addresses": lambda text: addresses.lost_addresses(text, text[1:]),
    "without_addresses": addresses.without_addresses,
    "is_english": english.is_english,
    "is_function_word": english.is_function_word,
    "stem hy": lambda text: inflection.stem(text, "hy"),
    "stem ru": lambda text: inflection.stem(text, "ru"),
    "word of grammar": lambda text: (
        inflection.is_grammatical(text),
        inflection.may_be_doubled(text),
    ),
    "lengths": lambda text: (
        lengths.deviation(text, text, FR),
        lengths.is_too_short(text, text, HY),
        lengths.is_too_long(text, text, RU),
    ),
    "repetitions": lambda text: repeats.repetitions(SENTENCE, text, "hy"),
    "repetitions of both": lambda text: repeats.repetitions(text, text, "ru"),
    "scraps": lambda text: scraps(text[:9], text),
    "untranslated": lambda text: scripts.untranslated(SENTENCE, text, "hy"),
    "untranslated of both": lambda text: scripts.untranslated(text, text[1:], "ru"),
    "check, a long source": lambda text: check(text, ARMENIAN, HY),
    "failures": lambda text: failures([Finding("untranslated", text, "")]),
    "support, a long article": lambda text: support([SENTENCE], sentences(text)),
    "support, a long sentence": lambda text: support([text], [text, SENTENCE]),
    "echoes": lambda text: (
        echoes.echoes(echoes.meaning(text), [echoes.meaning(text)]),
        echoes.is_taken_from(echoes.meaning(text), echoes.meaning(text)),
    ),
    "replacement": lambda text: replacement(SENTENCE, [text, *sentences(text)], [text]),
    "judge hy": lambda text: _judged(SENTENCE, text, HY),
    "judge ru": lambda text: _judged(text, text[1:], RU),
    "judge fr": lambda text: _judged(text, SENTENCE, FR),
    "detect": detect,
    "kept": _kept,
    "linked": _linked,
    "as it is": lambda text: condense._within_ceilings(sentences(text) or [""], 9, 9),
    "own sentences": lambda text: [
        condense._is_balanced(line) and condense._leans(line) for line in sentences(text)
    ],
}
"""By a name for people."""


TABLES = {"service.text.numbers.word"}
"""Modules that make tables of the program's own words and see no other text."""


def public_functions() -> Iterator[FunctionType]:
    """Yield the functions that the modules of `service.text` offer to others."""
    for module in walk_packages(service.text.__path__, "service.text."):
        if module.name in TABLES:
            continue
        found = import_module(module.name)
        for name, value in vars(found).items():
            if isfunction(value) and not name.startswith("_") and value.__module__ == module.name:
                yield value
