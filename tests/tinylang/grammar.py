"""The tiny language: news sentences in English with their exact Armenian and Russian, and articles.

Pure and seeded: the same arguments give the same texts on every machine. Standard library only.
Knows nothing of models, tokenizers or files.

A sentence is a clause and perhaps a time. English says the time last, Armenian and Russian first.
An article's summary is its first sentence without the time, then its one sentence of statistics
(an indicator of a country that rose or fell by some percent), where it has one, as it stands.
"""

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from tests.tinylang.frames import BODY, PERSON, QUOTES, SCENES, STATISTICS, Frame
from tests.tinylang.lexicon import COUNTRIES, SPEECH
from tests.tinylang.pools import (
    BODY_ACTORS,
    DAY_COUNT,
    NAMED_ACTORS,
    PERIOD_COUNT,
    PERSON_ACTORS,
    Actor,
    Phrase,
    choose,
    draw_body,
    draw_day,
    draw_period,
    draw_person,
)

__all__ = ["Article", "Triple", "articles", "count_sentences", "is_held_out", "sentences"]

HELD_OUT_ONE_IN = 50
_NOW = Phrase("", "", "")


@dataclass(frozen=True, slots=True)
class Triple:
    """One sentence in English, Armenian and Russian."""

    en: str
    hy: str
    ru: str


@dataclass(frozen=True, slots=True)
class Article:
    """An English article, its English summary, and that summary in Armenian and Russian."""

    text: str
    summary: str
    summary_hy: str
    summary_ru: str


def sentences(seed: int, count: int, *, held_out: bool = False) -> list[Triple]:
    """`count` different sentences.

    Args:
        seed: The same seed gives the same sentences.
        count: How many.
        held_out: Whether to give only sentences no model was trained on, or none of them.
    """
    rng = random.Random(seed)
    found: dict[str, Triple] = {}
    while len(found) < count:
        triple = _sentence(rng)
        if is_held_out(triple.en) == held_out:
            found.setdefault(triple.en, triple)
    return list(found.values())


def articles(
    seed: int,
    count: int,
    *,
    held_out: bool = False,
    min_sentences: int = 5,
    max_sentences: int = 9,
) -> list[Article]:
    """`count` articles with their summaries.

    Args:
        seed: The same seed gives the same articles.
        count: How many.
        held_out: Whether to give only articles no model was trained on, or none of them.
        min_sentences: Sentences in the shortest article, at least one.
        max_sentences: Sentences in the longest article.
    """
    rng = random.Random(seed)
    found: list[Article] = []
    while len(found) < count:
        article = _article(rng, rng.randrange(min_sentences, max_sentences + 1))
        if is_held_out(article.text) == held_out:
            found.append(article)
    return found


def is_held_out(text: str) -> bool:
    """Whether an English sentence or article is one of those kept from training (one in 50)."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % HELD_OUT_ONE_IN == 0


def count_sentences() -> int:
    """How many different sentences the grammar has."""
    days, periods = 1 + DAY_COUNT, 1 + PERIOD_COUNT
    persons = sum(_count(frame, PERSON_ACTORS, NAMED_ACTORS) for frame in PERSON)
    bodies = sum(_count(frame, BODY_ACTORS, 0) for frame in BODY)
    scenes = sum(_count(frame, 1, 1) for frame in SCENES)
    statistics = sum(_count(frame, 1, 1) for frame in STATISTICS)
    said = PERSON_ACTORS * len(SPEECH) * (bodies + scenes + statistics * periods)
    quoted = sum(_count(frame, PERSON_ACTORS, NAMED_ACTORS) for frame in QUOTES)
    return days * (persons + bodies + scenes + said + quoted) + periods * statistics


def _count(frame: Frame, actors: int, stateless: int) -> int:
    """Sentences of a frame; an actor with a country is never joined with that country."""
    fillings = prod(pool.size for pool in frame.slots.values())
    if not frame.names_country:
        return actors * fillings
    return stateless * fillings + (actors - stateless) * fillings * (len(COUNTRIES) - 1) // len(
        COUNTRIES
    )


def _finish(text: str) -> str:
    """Resolve the Armenian article, write the first letter large."""
    text = re.sub(r"~(?= [աէըիօ]| ու| [ԱԷԸԻՕ]| Ու)", "ն", text).replace("~", "ը")
    first = next(place for place, letter in enumerate(text) if letter.isalnum())
    return text[:first] + text[first].upper() + text[first + 1 :]


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _fill(frame: Frame, rng: random.Random, country: str = "") -> Phrase:
    """A frame with its slots filled, naming no country that `country` already names."""
    while True:
        slots = {name: pool.draw(rng) for name, pool in frame.slots.items()}
        named = {getattr(value, "country", "") for value in slots.values()}
        if not country or country not in named:
            en, hy, ru = (form.format(**slots) for form in (frame.en, frame.hy, frame.ru))
            gender = getattr(slots.get(frame.subject), "gender", "")
            return Phrase(en, hy, _agree(ru, gender) if gender else ru)


def _agree(ru: str, gender: str) -> str:
    """Write the past-tense endings: прибыл, прибыла, прибыло; встретился, встретилась."""
    reflexive = {"m": "ся", "f": "ась", "n": "ось"}[gender]
    return ru.replace("@ся", reflexive).replace("@", {"m": "", "f": "а", "n": "о"}[gender])


def _act(actor: Actor, frames: tuple[Frame, ...], rng: random.Random) -> Phrase:
    deed = _fill(choose(rng, frames), rng, actor.country)
    return Phrase(
        f"{actor.en} {deed.en}",
        f"{actor.hy} {deed.hy}",
        f"{actor.ru} {_agree(deed.ru, actor.gender)}",
    )


def _event(rng: random.Random) -> Phrase:
    """A clause that can take a day."""
    kind = rng.randrange(10)
    if kind < 4:
        return _act(draw_person(rng), PERSON, rng)
    if kind < 7:
        return _act(draw_body(rng), BODY, rng)
    return _fill(choose(rng, SCENES), rng)


def _timed(clause: Phrase, time: Phrase) -> Phrase:
    """A clause with its time, not yet a sentence."""
    return Phrase(_join(clause.en, time.en), _join(time.hy, clause.hy), _join(time.ru, clause.ru))


def _triple(said: Phrase) -> Triple:
    return Triple(_finish(said.en + "."), _finish(said.hy + "։"), _finish(said.ru + "."))


def _statistic(rng: random.Random) -> Phrase:
    clause = _fill(choose(rng, STATISTICS), rng)
    return _timed(clause, draw_period(rng) if rng.random() < 0.8 else _NOW)


def _report(rng: random.Random, time: Phrase, *, statistics: bool) -> Triple:
    """Somebody said that something happened."""
    actor, verb = draw_person(rng), choose(rng, SPEECH)
    kind = rng.randrange(3 if statistics else 2)
    if kind == 0:
        clause = _act(draw_body(rng), BODY, rng)
    elif kind == 1:
        clause = _fill(choose(rng, SCENES), rng)
    else:
        clause = _statistic(rng)
    verb_ru = _agree(verb.ru, actor.gender)
    return Triple(
        _finish(f"{_join(actor.en, verb.en, time.en)} that {clause.en}."),
        _finish(f"{_join(time.hy, actor.hy, verb.hy)}, որ {clause.hy}։"),
        _finish(f"{_join(time.ru, actor.ru, verb_ru)}, что {clause.ru}."),
    )


def _quote(rng: random.Random, time: Phrase) -> Triple:
    """Direct speech."""
    actor = draw_person(rng)
    words = _fill(choose(rng, QUOTES), rng, actor.country)
    verb_ru = _agree("заявил@", actor.gender)
    return Triple(
        _finish(f'"{words.en}," {_join(actor.en, "said", time.en)}.'),
        _finish(f"«{words.hy}», – {_join(time.hy, 'ասաց', actor.hy)}։"),
        _finish(f"«{words.ru}», — {_join(verb_ru, time.ru, actor.ru)}."),
    )


def _sentence(rng: random.Random, *, statistics: bool = True) -> Triple:
    time = draw_day(rng) if rng.random() < 0.6 else _NOW
    kind = rng.randrange(10)
    if kind < 2:
        return _report(rng, time, statistics=statistics)
    if kind == 2:
        return _quote(rng, time)
    if kind == 3 and statistics:
        return _triple(_statistic(rng))
    return _triple(_timed(_event(rng), time))


def _paragraphs(rng: random.Random, lines: list[str]) -> Iterator[str]:
    """One to three paragraphs."""
    cuts = sorted({0, len(lines), *(rng.randrange(len(lines)) for _ in range(rng.randrange(3)))})
    for start, end in pairwise(cuts):
        yield " ".join(lines[start:end])


def _article(rng: random.Random, length: int) -> Article:
    event = _event(rng)
    lead = _triple(_timed(event, draw_day(rng)))
    lines = [lead.en] + [_sentence(rng, statistics=False).en for _ in range(length - 1)]
    summary = [_triple(event)]
    if length > 1 and rng.random() < 0.8:
        summary.append(_triple(_statistic(rng)))
        lines[rng.randrange(1, length)] = summary[1].en
    pick: list[Callable[[Triple], str]] = [lambda t: t.en, lambda t: t.hy, lambda t: t.ru]
    texts = [" ".join(form(triple) for triple in summary) for form in pick]
    return Article("\n\n".join(_paragraphs(rng, lines)), *texts)
