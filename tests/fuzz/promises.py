"""What the public functions of `service.text` promise, each for any text there is.

A promise raises `AssertionError` where it is broken; whatever else is raised breaks it, too.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from service.tasks import condense
from service.tasks.judge import Fidelity, Judge
from service.tasks.trials import Output
from service.text import armenian_marks, declension, punctuation
from service.text.checks import CODES, addresses, check, failures, inflection, lengths, repeats
from service.text.checks.scraps import scraps
from service.text.checks.scripts import untranslated
from service.text.clauses import clauses, continued
from service.text.consistency import inconsistent
from service.text.echoes import echoes, meaning
from service.text.faithful import Article, replacement
from service.text.glossary import Glossary, missed
from service.text.names import fold, names, tokens
from service.text.names.common import is_common
from service.text.names.known import KnownNames
from service.text.normalize import normalize
from service.text.numbers import compare, quantities
from service.text.numbers.digits import figures, roman
from service.text.numbers.known import KnownNumbers
from service.text.pack import cut, pack
from service.text.placeholders import PLACEHOLDER_STYLES, PROXIES, restored, with_placeholders
from service.text.quotations import KnownQuotations, quotations
from service.text.segment import Span, Splitting, sentences, splice, split
from service.text.support import support
from service.text.transliteration import likeness
from service.text.trimming import trimmed
from service.text.typography import RULES, Typography, typeset
from service.text.words import count_words, stems
from tests.fuzz.strategies import TEXTS, WORDS
from tests.fuzz.works import EVERYTHING, UNIT, WORKS, own_glossary

__all__ = ["PROMISES", "Promise"]


@dataclass(frozen=True)
class Promise:
    """A promise and the texts it is given."""

    name: str
    given: tuple[SearchStrategy[Any], ...]
    keep: Callable[..., None]


PROMISES: list[Promise] = []

PAIRS = st.sampled_from([("en", "hy"), ("en", "ru"), ("en", "fr"), ("ru", "en"), ("xx", "zh")])
TARGETS = st.sampled_from(["hy", "ru"])
MARKS = "՛՞՜"

RESPELLING = {"hy-look-alikes", "hy-yev", "ru-look-alikes", "ru-number-sign"}
"""The rules that put other letters in."""


def promise(
    *given: SearchStrategy[Any],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a promise with the texts it is given."""

    def register(keep: Callable[..., None]) -> Callable[..., None]:
        PROMISES.append(Promise(keep.__name__, given, keep))
        return keep

    return register


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def digits(text: str) -> list[str]:
    return re.findall(r"\d", text)


def are_apart(spans: Sequence[tuple[int, int]], text: str) -> bool:
    """Tell whether spans are in order, not empty, within the text, and without overlap."""
    bounds = [bound for span in spans for bound in span]
    return bounds == sorted(bounds) and all(0 <= a < b <= len(text) for a, b in spans)


@promise(TEXTS)
def every_work_takes_any_text(text: str) -> None:
    for work in WORKS.values():
        work(text)


@promise(TEXTS, st.sampled_from(get_args(Splitting)))
def split_and_rejoined_is_the_same_text(text: str, splitting: Splitting) -> None:
    document = split(text, splitting=splitting)
    assert document.rejoin([s.text for s in document.segments]) == text
    assert are_apart([(s.start, s.end) for s in document.segments], text)
    assert all(text[s.start : s.end] == s.text == s.text.strip() for s in document.segments)
    assert [s for group in document.paragraphs() for s in group] == list(document.segments)
    empty = document.rejoin([""] * len(document.segments))
    assert len(empty) + sum(len(s.text) for s in document.segments) == len(text)


@promise(TEXTS, st.integers(1, 40))
def pieces_fit_and_rejoin(text: str, max_tokens: int) -> None:
    spans = cut(text, max_tokens, len)
    assert all(len(span.text) <= max_tokens for span in spans)
    assert splice(text, spans, [span.text for span in spans]) == text
    assert "".join(span.text for span in spans).split() or not text.split()
    kept = "".join("".join(span.text.split()) for span in spans)
    assert kept == "".join(text.split())


@promise(st.lists(st.integers(0, 20), max_size=80), st.integers(20, 60), st.integers(1, 9))
def chunks_hold_every_sentence_in_order(sizes: list[int], most: int, step: int) -> None:
    chunks = pack(sizes, most, range(0, len(sizes), step))
    assert [index for chunk in chunks for index in chunk] == list(range(len(sizes)))
    assert all(len(chunk) > 0 and sum(sizes[i] for i in chunk) <= most for chunk in chunks)


@promise(TEXTS)
def clauses_rejoin_and_only_spaces_and_dashes_lie_between(text: str) -> None:
    spans = clauses(text)
    assert splice(text, spans, [span.text for span in spans]) == text
    between = splice(text, spans, [""] * len(spans))
    assert between.translate(dict.fromkeys(map(ord, "–—-"))).strip() == ""


@promise(TEXTS, TEXTS)
def a_clause_that_goes_on_keeps_its_letters(clause: str, translation: str) -> None:
    assert letters(continued(clause, translation)) == letters(translation)


@promise(TEXTS, TEXTS)
def words_and_stems_of_two_texts_are_those_of_each(one: str, other: str) -> None:
    both = f"{one} {other}"
    assert count_words(both) == count_words(one) + count_words(other)
    assert stems(both) == stems(one) + stems(other)
    assert all(stems(both))


@promise(TEXTS, st.sampled_from(["en", "ru", "xx"]))
def normalising_twice_is_normalising_once(text: str, language: str) -> None:
    once = normalize(text, language)
    assert normalize(once, language) == once
    assert once == " ".join(once.split())
    once.encode()


@promise(TEXTS, TARGETS, TEXTS)
def typography_twice_is_typography_once(text: str, language: str, source: str) -> None:
    once = typeset(text, language, source, EVERYTHING)
    assert typeset(once, language, source, EVERYTHING) == once
    assert digits(once) == digits(text)
    assert typeset(text, "fr", source, EVERYTHING) == text


@promise(st.sampled_from(list(RULES)), TEXTS, TEXTS)
def every_rule_alone_keeps_letters_and_settles(rule: str, text: str, source: str) -> None:
    only, language = Typography(frozenset({rule})), rule[:2]
    once = typeset(text, language, source, only)
    assert typeset(once, language, source, only) == once
    assert digits(once) == digits(text)
    if rule not in RESPELLING:
        assert letters(once) == letters(text)


@promise(TEXTS)
def armenian_marks_move_and_letters_stay(text: str) -> None:
    for change in (armenian_marks.ask, armenian_marks.exclaim, armenian_marks.on_vowel):
        assert letters(change(text, "")) == letters(text)
    marked = armenian_marks.marked(text, "՞")
    assert marked == text or marked.replace("՞", "", 1) == text
    moved = armenian_marks.on_vowel(text, "")
    assert sorted(c for c in moved if c in MARKS) == sorted(c for c in text if c in MARKS)


@promise(TEXTS, TEXTS)
def signs_change_and_words_stay(text: str, source: str) -> None:
    for changed in (
        punctuation.group(text, source),
        punctuation.decimals(text, source, UNIT),
        punctuation.ranges(text, source),
    ):
        assert letters(changed) == letters(text)
    assert punctuation.protected(text, lambda held: held) == text
    signs = {"«": "open", "»": "close", '"': "either"}
    paired = punctuation.pair(text, signs, (("«", "»"),))
    assert [c for c in paired if c not in signs] == [c for c in text if c not in signs]
    assert len(paired) == len(text)
    alike = punctuation.look_alikes(text, re.compile(r"[^\W\d_]+"), "աբգ", {111: 1413})
    assert len(alike) == len(text)


@promise(TEXTS)
def addresses_are_never_touched(text: str) -> None:
    held: list[str] = []

    def change(body: str) -> str:
        held.append(body)
        return body.upper()

    changed = punctuation.protected(text, change)
    assert changed == text.upper() or held[0].count("\ue000") >= 0
    for address in re.findall(r"https?://[a-z]{1,9}\.am(?![^\s])", text):
        assert address in changed


@promise(WORDS, WORDS)
def likeness_is_a_share(name: str, word: str) -> None:
    assert 0 <= likeness(name, word) <= 1


@promise(TEXTS)
def shorter_forms_are_made_of_the_sentence_in_order(text: str) -> None:
    for sentence in (text, *text.splitlines(), *sentences(text)):
        forms = trimmed(sentence)
        assert len(forms) <= 24
        for form in forms:
            assert len(form) < len(sentence)
            rest = iter(sentence)
            assert all(character in rest for character in form)


@promise(WORDS, WORDS)
def a_word_is_a_form_of_itself(word: str, ending: str) -> None:
    assert declension.is_form(word, word)
    assert declension.fold(declension.fold(word)) == declension.fold(word)
    glued = declension.glue(word, ending)
    assert glued is None or glued[:1] == word[:1]


@promise(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), PAIRS)
def inconsistent_names_are_names_of_their_segment(
    pairs: list[tuple[str, str]], languages: tuple[str, str]
) -> None:
    found = inconsistent(pairs, languages)
    assert found == inconsistent(pairs, languages)
    assert all(finding.value in pairs[index][0] for index, finding in found)


@promise(TEXTS, TEXTS)
def terms_are_where_they_say(text: str, other: str) -> None:
    glossary = own_glossary(other)
    terms = glossary.terms_in(text)
    assert are_apart([(term.start, term.end) for term in terms], text)
    assert all(text[term.start : term.end] == term.text for term in terms)
    assert missed(terms, " ".join(term.forms[0] for term in terms)) == []
    tsv = "\n".join("\t".join((term, *forms)) for term, forms in glossary.entries)
    assert Glossary.parse(f"\ufeff{tsv}", "f") == glossary
    assert glossary.over(glossary) == glossary


@promise(TEXTS, st.sampled_from(PLACEHOLDER_STYLES) | st.sampled_from(list(PROXIES.values())))
def what_was_taken_out_is_put_in_again(text: str, style: str | tuple[tuple[str, str], ...]) -> None:
    terms = own_glossary(text).terms_in(text)
    replaced, placed = with_placeholders(text, terms, style)
    said = replaced
    for placeholder in placed:
        if placeholder.translation:
            said = said.replace(placeholder.text, placeholder.translation)
    back = restored(said, placed)
    kept = terms[: len(placed)]
    spans = [Span(term.start, term.end, term.text) for term in kept]
    wanted = splice(text, spans, [term.forms[0] for term in kept])
    assert back is None or letters(back) == letters(wanted)


@promise(TEXTS)
def names_are_where_they_say(text: str) -> None:
    assert are_apart([(token.start, token.end) for token in tokens(text)], text)
    assert all(text[token.start : token.end] == token.text for token in tokens(text))
    assert are_apart([(name.start, name.end) for name in names(text)], text)
    assert all(text[name.start : name.end] == name.text for name in names(text))
    assert all(fold(token.folded) == token.folded for token in tokens(text))


@promise(TEXTS, TEXTS)
def missing_names_are_names_of_the_sentence(text: str, sentence: str) -> None:
    for name in KnownNames.read(text).missing(sentence):
        assert sentence[name.start : name.end] == name.text


@promise(TEXTS, TEXTS, PAIRS)
def numbers_are_where_they_say_and_have_a_counterpart_at_home(
    text: str, other: str, languages: tuple[str, str]
) -> None:
    found = quantities(text, languages[1])
    assert are_apart([(number.start, number.end) for number in found], text)
    assert all(text[number.start : number.end] == number.text for number in found)
    assert all(abs(number.value) < 10**120 for number in found)
    assert compare(text, text, (languages[1], languages[1])) == ([], [])
    lost, added = compare(text, other, languages)
    assert all(number.text in text for number in lost)
    assert all(number.text in other for number in added)
    assert KnownNumbers.read(text).missing(text) == []


@promise(TEXTS)
def figures_are_apart_and_numerals_below_four_thousand(text: str) -> None:
    found = list(figures(text, "en"))
    assert are_apart([(figure.start, figure.end) for figure in found], text)
    assert all(0 <= roman(word) < 4000 for word in text.split())
    assert all(isinstance(is_common(word.lower()), bool) for word in text.split())


@promise(TEXTS, TEXTS, PAIRS)
def findings_quote_what_is_there(source: str, target: str, languages: tuple[str, str]) -> None:
    found = check(source, target, languages)
    assert found == check(source, target, languages)
    assert failures(found) >= 0
    order = [CODES.index(finding.code) for finding in found]
    assert order == sorted(order)
    plain = " ".join(f"{source} {target}".split())
    for finding in found:
        assert len(finding.value) <= 60
        if finding.code in ("number_lost", "number_added", "url_lost", "repetition"):
            assert finding.value.removesuffix("…") in plain


@promise(TEXTS, TEXTS)
def addresses_and_scraps_are_never_lost_at_home(text: str, other: str) -> None:
    assert addresses.lost_addresses(text, text) == []
    assert all(address in text for address in addresses.addresses(text))
    assert len(addresses.without_addresses(text)) == len(text)
    assert scraps(text, text) == []
    assert len(scraps(other, text)) <= 5


@promise(TEXTS, TEXTS, TARGETS)
def repetitions_are_apart(source: str, target: str, language: str) -> None:
    assert are_apart(repeats.repetitions(source, target, language), target)
    for word in re.findall(r"\w+", target.lower()):
        stem = inflection.stem(word, language)
        assert stem
        assert word.startswith(stem)


@promise(TEXTS, TEXTS, TARGETS)
def what_is_left_is_of_the_target(source: str, target: str, language: str) -> None:
    found = untranslated(source, target, language)
    assert len(found) == len(set(found))
    assert all(value in target for value in found)


@promise(TEXTS, TEXTS, PAIRS)
def no_text_is_too_short_and_too_long(source: str, target: str, languages: tuple[str, str]) -> None:
    assert isfinite(lengths.deviation(source, target, languages))
    if letters(target):  # one without is too short, however long it is
        assert not (
            lengths.is_too_short(source, target, languages)
            and lengths.is_too_long(source, target, languages)
        )


@promise(TEXTS, TEXTS)
def quotations_are_of_the_sentence_and_home_has_them(text: str, sentence: str) -> None:
    assert all(quotation in sentence for quotation in quotations(sentence))
    assert KnownQuotations.read(text).missing(text) == []


@promise(TEXTS, TEXTS)
def doubts_are_about_what_the_sentence_says(text: str, sentence: str) -> None:
    article = Article.read(text)
    found = article.doubts(sentence)
    assert found == article.doubts(sentence)
    assert len({(doubt.code, doubt.value) for doubt in found}) == len(found)
    assert all(doubt.value in sentence for doubt in found)


@promise(TEXTS, TEXTS, TEXTS)
def a_replacement_is_a_sentence_of_the_article(doubtful: str, text: str, taken: str) -> None:
    own = [segment.text for segment in split(text).segments]
    found = replacement(doubtful, own, [taken], 40)
    assert found is None or any(found in sentence for sentence in own)
    assert found is None or count_words(found) <= 40


@promise(TEXTS, TEXTS, st.integers(0, 3))
def sources_are_sentences_of_the_article(one: str, other: str, most: int) -> None:
    source = [segment.text for segment in split(f"{one}\n{other}").segments]
    summary = [one, *source[:3]]
    for found in support(summary, source, most):
        assert found == sorted(set(found))
        assert len(found) <= most
        assert all(0 <= index < len(source) for index in found)


@promise(TEXTS, TEXTS)
def every_text_echoes_itself(text: str, other: str) -> None:
    assert echoes(meaning(text), [meaning(other), meaning(text)])


@promise(TEXTS, TEXTS, PAIRS, st.booleans())
def every_output_is_judged(
    source: str, target: str, languages: tuple[str, str], is_silent: bool
) -> None:
    judge = Judge(languages, Fidelity(typography=EVERYTHING), own_glossary(source))
    output = Output(target, None if is_silent else -0.5, 9, True, is_silent)
    judged = judge.judge(source, judge.terms(source), output)
    assert judged.failures >= 0
    assert digits(judged.text) == digits(source if is_silent else target)


@promise(TEXTS, st.none() | st.integers(1, 9), st.none() | st.integers(1, 9))
def a_text_as_it_is_keeps_its_ceilings(
    text: str, max_sentences: int | None, max_words: int | None
) -> None:
    own = [segment.text for segment in split(text).segments]
    if not any(map(count_words, own)):
        return
    kept, caution = condense._within_ceilings(own, max_sentences, max_words)
    assert kept == sorted(set(kept))
    assert kept
    assert max_sentences is None or len(kept) <= max_sentences
    words = sum(count_words(own[index]) for index in kept)
    assert caution is not None or max_words is None or words <= max_words


def broken(text: str) -> Iterator[str]:
    """Yield the names of the promises on one text alone that this text breaks."""
    for each in PROMISES:
        if each.given == (TEXTS,):
            try:
                each.keep(text)
            except Exception as error:
                yield f"{each.name}: {error!r}"
