"""Frames of the tiny language: what can be said, with slots and the pool of each slot.

Knows words and pools; how a frame becomes a sentence is said in `grammar`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.tinylang import lexicon as words
from tests.tinylang.pools import (
    OFFICIALS,
    RIVALS,
    SCORES,
    YEARS,
    OneOf,
    Pool,
    quantities,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A predicate or a clause; it names attributes of the values drawn from its slots' pools.

    `subject` is the slot the Russian verb agrees with; the subject of a predicate is outside it.
    """

    en: str
    hy: str
    ru: str
    slots: Mapping[str, Pool] = field(default_factory=dict)
    subject: str = ""

    @property
    def names_country(self) -> bool:
        """Whether a slot holds one country, which the subject's own must differ from."""
        return any(pool is OFFICIALS or pool is COUNTRY for pool in self.slots.values())


CITY = OneOf(words.CITIES)
COUNTRY = OneOf(words.COUNTRIES)
TOPIC = OneOf(words.TOPICS)
BUILDING = OneOf(words.BUILDINGS)
BUILT = quantities(words.BUILT, 2, 999)
MONEY = quantities(words.MONEY, 2, 999)
PERCENT = quantities(words.PERCENT, 2, 99)
GOODS = quantities(words.GOODS, 2, 99_999)
STAFF = quantities(words.STAFF, 5, 99_999)

_SHARED = (
    Frame(
        "opened a new {b.en} in {c.en}",
        "{c.hy_loc} բացեց նոր {b.hy}",
        "открыл@ {b.ru_new} в {c.ru_prep}",
        {"b": BUILDING, "c": CITY},
    ),
    Frame(
        "promised to build {n.en} by {y.en}",
        "խոստացավ մինչև {y.hy} թվականը կառուցել {n.hy}",
        "пообещал@ построить {n.ru} к {y.ru} году",
        {"n": BUILT, "y": YEARS},
    ),
    Frame(
        "allocated {n.en} for the {w.en} of {b.en_plural}",
        "{b.hy_gen_plural} {w.hy} համար հատկացրեց {n.hy}",
        "выделил@ {n.ru} на {w.ru} {b.ru_gen_plural}",
        {"n": MONEY, "w": OneOf(words.WORKS), "b": BUILDING},
    ),
    Frame(
        "{v.en} the {d.en} on {t.en}",
        "{v.hy} {t.hy} մասին {d.hy}",
        "{v.ru} {d.ru} {t.ru}",
        {"v": OneOf(words.JUDGEMENTS), "d": OneOf(words.PAPERS), "t": TOPIC},
    ),
    Frame(
        "signed {d.en} on {t.en} with {k.en}",
        "{k.hy_gen} հետ ստորագրեց {t.hy} մասին {d.hy}",
        "подписал@ {d.ru} {t.ru} с {k.ru_ins}",
        {"d": OneOf(words.PACTS), "t": TOPIC, "k": COUNTRY},
    ),
)

PERSON = (
    *_SHARED,
    Frame(
        "arrived in {c.en}",
        "ժամանեց {c.hy}",
        "прибыл@ в {c.ru_acc}",
        {"c": CITY},
    ),
    Frame(
        "met with {o.en} in {c.en}",
        "{c.hy_loc} հանդիպեց {o.hy_gen} հետ",
        "встретил@ся с {o.ru_ins} в {c.ru_prep}",
        {"o": OFFICIALS, "c": CITY},
    ),
    Frame(
        "invited {o.en} to {c.en}",
        "{o.hy_dat} հրավիրեց {c.hy}",
        "пригласил@ {o.ru_gen} в {c.ru_acc}",
        {"o": OFFICIALS, "c": CITY},
    ),
    Frame(
        "arrived in {c.en} and met with {o.en}",
        "ժամանեց {c.hy} և հանդիպեց {o.hy_gen} հետ",
        "прибыл@ в {c.ru_acc} и встретил@ся с {o.ru_ins}",
        {"o": OFFICIALS, "c": CITY},
    ),
    Frame(
        "arrived in {c.en} and signed {d.en} on {t.en} with {k.en}",
        "ժամանեց {c.hy} և {k.hy_gen} հետ ստորագրեց {t.hy} մասին {d.hy}",
        "прибыл@ в {c.ru_acc} и подписал@ {d.ru} {t.ru} с {k.ru_ins}",
        {"c": CITY, "d": OneOf(words.PACTS), "t": TOPIC, "k": COUNTRY},
    ),
)

BODY = (
    *_SHARED,
    Frame(
        "bought {n.en} from {k.en}",
        "{k.hy_abl} գնեց {n.hy}",
        "купил@ {n.ru} у {k.ru_gen}",
        {"n": GOODS, "k": COUNTRY},
    ),
    Frame(
        "sent {n.en} to {k.en}",
        "{k.hy} ուղարկեց {n.hy}",
        "направил@ {n.ru} {k.ru_to}",
        {"n": STAFF, "k": COUNTRY},
    ),
    Frame(
        "{v.en} {n.en}",
        "{v.hy} {n.hy}",
        "{v.ru} {n.ru}",
        {"v": OneOf(words.STAFFING), "n": STAFF},
    ),
)

SCENES = (
    Frame(
        "at least {n.en} were injured in a {d.en} in {c.en}",
        "{c.hy_loc} {d.hy_gen} հետևանքով տուժեց առնվազն {n.hy}",
        "в {c.ru_prep} в результате {d.ru_gen} пострадало не менее {n.ru_gen}",
        {"n": quantities(words.VICTIMS, 2, 9_999), "d": OneOf(words.DISASTERS), "c": CITY},
    ),
    Frame(
        "a {d.en} destroyed {n.en} in {c.en}",
        "{d.hy} {c.hy_loc} ոչնչացրեց {n.hy}",
        "{d.ru} в {c.ru_prep} уничтожил@ {n.ru}",
        {"d": OneOf(words.DISASTERS), "n": BUILT, "c": CITY},
        subject="d",
    ),
    Frame(
        "the national team of {r.first.en} beat the national team of {r.second.en} "
        "{s.en} in {c.en}",
        "{r.first.hy_gen} հավաքական~ {c.hy_loc} {s.hy} հաշվով հաղթեց {r.second.hy_gen} հավաքականին",
        "сборная {r.first.ru_gen} обыграла сборную {r.second.ru_gen} "
        "со счетом {s.ru} в {c.ru_prep}",
        {"r": RIVALS, "s": SCORES, "c": CITY},
    ),
    Frame(
        "the temperature in {c.en} will {w.en} to {n.en}",
        "{c.hy_loc} ջերմաստիճանը {w.hy} մինչև {n.hy}",
        "температура в {c.ru_prep} {w.ru} до {n.ru_gen}",
        {"c": CITY, "w": OneOf(words.WARMING), "n": quantities(words.DEGREES, 2, 49)},
    ),
    Frame(
        "the {p.en} won {n.en} in the parliament of {k.en}",
        "{p.hy} {k.hy_gen} խորհրդարանում ստացավ {n.hy}",
        "{p.ru} получила {n.ru} в парламенте {k.ru_gen}",
        {"p": OneOf(words.PARTIES), "n": quantities(words.SEATS, 2, 399), "k": COUNTRY},
    ),
)

STATISTICS = (
    Frame(
        "the {i.en} of {k.en} {v.en} by {n.en}",
        "{k.hy_gen} {i.hy} {v.hy} {n.hy}",
        "{i.ru} {k.ru_gen} {v.ru} на {n.ru}",
        {
            "i": OneOf(words.INDICATORS_OF),
            "k": COUNTRY,
            "v": OneOf(words.CHANGES),
            "n": PERCENT,
        },
        subject="i",
    ),
    Frame(
        "{i.en} in {k.en} {v.en} by {n.en}",
        "{k.hy_loc} {i.hy} {v.hy} {n.hy}",
        "{i.ru} {k.v} {v.ru} на {n.ru}",
        {
            "i": OneOf(words.INDICATORS_IN),
            "k": COUNTRY,
            "v": OneOf(words.CHANGES),
            "n": PERCENT,
        },
        subject="i",
    ),
)

QUOTES = (
    Frame(
        "We will build {n.en} in {c.en}",
        "Մենք {c.hy_loc} կկառուցենք {n.hy}",
        "Мы построим {n.ru} в {c.ru_prep}",
        {"n": BUILT, "c": CITY},
    ),
    Frame(
        "We will buy {n.en} from {k.en}",
        "Մենք {k.hy_abl} կգնենք {n.hy}",
        "Мы купим {n.ru} у {k.ru_gen}",
        {"n": GOODS, "k": COUNTRY},
    ),
    Frame(
        "We will send {n.en} to {k.en}",
        "Մենք {k.hy} կուղարկենք {n.hy}",
        "Мы направим {n.ru} {k.ru_to}",
        {"n": STAFF, "k": COUNTRY},
    ),
    Frame(
        "We will allocate {n.en} for the {w.en} of {b.en_plural}",
        "Մենք {b.hy_gen_plural} {w.hy} համար կհատկացնենք {n.hy}",
        "Мы выделим {n.ru} на {w.ru} {b.ru_gen_plural}",
        {"n": MONEY, "w": OneOf(words.WORKS), "b": BUILDING},
    ),
)
