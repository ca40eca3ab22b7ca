"""What single words and phrases say about a number, in English, Armenian and Russian."""

from fractions import Fraction

import pytest

from service.text.numbers import quantities


def values(text: str, language: str) -> list[str]:
    return [str(quantity.value) for quantity in quantities(text, language)]


def listed(words: str) -> list[str]:
    return words.split()


ARMENIAN_UNITS = listed("մեկ երկու երեք չորս հինգ վեց յոթ ութ ինը")
ARMENIAN_TENS = [
    "քսան",
    "երեսուն",
    "քառասուն",
    "հիսուն",
    "վաթսուն",
    "յոթանասուն",
    "ութսուն",
    "իննսուն",
]
RUSSIAN_UNITS = listed("один два три четыре пять шесть семь восемь девять")
RUSSIAN_UNITS_GENITIVE = [
    "одного",
    "двух",
    "трёх",
    "четырёх",
    "пяти",
    "шести",
    "семи",
    "восьми",
    "девяти",
]
RUSSIAN_TENS = [
    "двадцать",
    "тридцать",
    "сорок",
    "пятьдесят",
    "шестьдесят",
    "семьдесят",
    "восемьдесят",
    "девяносто",
]
RUSSIAN_TENS_GENITIVE = [
    "двадцати",
    "тридцати",
    "сорока",
    "пятидесяти",
    "шестидесяти",
    "семидесяти",
    "восьмидесяти",
    "девяноста",
]
RUSSIAN_HUNDREDS = [
    "сто",
    "двести",
    "триста",
    "четыреста",
    "пятьсот",
    "шестьсот",
    "семьсот",
    "восемьсот",
    "девятьсот",
]
ENGLISH_UNITS = listed("one two three four five six seven eight nine")
ENGLISH_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")


@pytest.mark.parametrize(
    ("tens", "units", "joint", "language"),
    [
        (ARMENIAN_TENS, ARMENIAN_UNITS, "", "hy"),
        (ARMENIAN_TENS, ARMENIAN_UNITS, " ", "hy"),
        (RUSSIAN_TENS, RUSSIAN_UNITS, " ", "ru"),
        (RUSSIAN_TENS_GENITIVE, RUSSIAN_UNITS_GENITIVE, " ", "ru"),
        (ENGLISH_TENS, ENGLISH_UNITS, "-", "en"),
        (ENGLISH_TENS, ENGLISH_UNITS, " ", "en"),
    ],
)
def test_every_number_up_to_99_is_read(
    tens: list[str], units: list[str], joint: str, language: str
) -> None:
    for place, ten in enumerate(tens, 2):
        assert values(ten, language) == [str(place * 10)]
        for value, unit in enumerate(units, 1):
            assert values(ten + joint + unit, language) == [str(place * 10 + value)]


def test_every_russian_hundred_is_read_with_what_follows() -> None:
    for place, hundred in enumerate(RUSSIAN_HUNDREDS, 1):
        assert values(f"{hundred} сорок пять тысяч", "ru") == [str((place * 100 + 45) * 1000)]


PHRASES = [
    ("en", "two hundred thousand and five", ["200005"]),
    ("en", "one million two hundred and thirty-four thousand", ["1234000"]),
    ("en", "between one hundred and two hundred", ["100", "200"]),
    ("en", "two thirds", ["2/3"]),
    ("en", "three-quarters of a million", ["750000"]),
    ("en", "one and a half million", ["1500000"]),
    ("en", "two dozen, half a dozen", ["24", "6"]),
    ("en", "the twenty-first", ["21"]),
    ("en", "a three-fold, tenfold rise", ["3", "10"]),
    ("en", "two three", ["2", "3"]),
    ("hy", "տասնմեկ տասներկու տասնինը տասնինն", ["11", "12", "19", "19"]),
    ("hy", "երկուսին երեքից չորսով հինգի վեցում", ["2", "3", "4", "5", "6"]),
    ("hy", "յոթը ութն ինը տասը", ["7", "8", "9", "10"]),
    ("hy", "երեք հազար վեց հարյուր յոթ", ["3607"]),
    ("hy", "հարյուր հազարից երկու հարյուր հազար", ["100000", "200000"]),
    ("hy", "առաջին երկրորդը երրորդին չորրորդում", ["1", "2", "3", "4"]),
    ("hy", "հինգերորդ տասներորդ քսանմեկերորդ հարյուրերորդ", ["5", "10", "21", "100"]),
    ("hy", "մեկ հինգերորդ, երեք քառորդ", ["1/5", "3/4"]),
    ("hy", "կես միլիոն, մեկուկես միլիարդ", ["500000", "1500000000"]),
    ("hy", "եռամսյա հնգամյա քառասնամյա քսանհարկանի երկկողմանի", ["3", "5", "40", "20", "2"]),
    ("ru", "две трети, три четверти, одна пятая", ["2/3", "3/4", "1/5"]),
    ("ru", "полтора миллиона, полмиллиона", ["1500000", "500000"]),
    ("ru", "две тысячи пятнадцатого года", ["2015"]),
    ("ru", "тысяча девятьсот сорок пятый", ["1945"]),
    ("ru", "тремя стами", ["3"]),
    ("ru", "двумястами, пятистам, четырёмстам", ["200", "500", "400"]),
    ("ru", "двое, троих, пятерым", ["2", "3", "5"]),
    ("ru", "трёхдневный семнадцатилетней двадцатичетырёхлетний", ["3", "17", "24"]),
    ("ru", "двухтысячный, 10-тысячный", ["2000", "10000"]),
    ("ru", "первый вторая третьего седьмым сороковой", ["1", "2", "3", "7", "40"]),
    ("ru", "пять десятков", ["50"]),
]


@pytest.mark.parametrize(("language", "text", "expected"), PHRASES)
def test_a_phrase_has_its_value(language: str, text: str, expected: list[str]) -> None:
    assert values(text, language) == expected


NOT_NUMBERS = [
    ("en", "I said I may march; ex-MIX, the DVD and the X-ray of someone, a tent and often"),
    ("hy", "երկիր երկար երկաթ երկինք երկուշաբթի երեքշաբթի հինգշաբթի մեկնել տասնապետ եռանդ վեցնոց"),
    ("ru", "семинар столица стоит стол сторона пятно тройной прыжок"),
]


@pytest.mark.parametrize(("language", "text"), NOT_NUMBERS)
def test_words_that_only_look_like_numerals_claim_nothing(language: str, text: str) -> None:
    assert [q.text for q in quantities(text, language) if q.kind != "hint"] == []


FIGURES = [
    ("en", "1,234,567.89", ["123456789/100"]),
    ("en", "3.500 and 3,500", ["7/2", "3500"]),
    ("ru", "3,5 и 3 500", ["7/2", "3500"]),
    ("hy", "100.000 կամ 100 000", ["100000", "100000"]),
    ("en", "½ or 1½ or 1/3 or 1 1/2", ["1/2", "3/2", "1/3", "3/2"]),
    ("en", ".08 percent", ["2/25"]),
    ("en", "192.168.1.10", ["192", "168", "1", "10"]),
    ("en", "24/7", ["24", "7"]),
    ("en", "HJR-3, COVID-19, B-52, A380, U2", ["3", "19", "52", "380", "2"]),
    ("en", "5 mln, 5bn, £5m, 5 thousand", ["5000000", "5000000000", "5000000", "5000"]),
    ("ru", "5 млн, 5 млрд, 5 тыс. человек", ["5000000", "5000000000", "5000"]),
    ("hy", "5 մլն, 5 մլրդ, 5 հազար", ["5000000", "5000000000", "5000"]),
    ("en", "World War II, Louis XVI, XIX", ["2", "16", "19"]),
    ("ru", "XIX век, Х в.", ["19", "10"]),
    ("hy", "XX դար, II-րդ", ["20", "2"]),
]


@pytest.mark.parametrize(("language", "text", "expected"), FIGURES)
def test_figures_are_read_as_the_language_writes_them(
    language: str, text: str, expected: list[str]
) -> None:
    claims = [str(q.value) for q in quantities(text, language) if q.text not in ("век", "դար")]
    assert claims == expected


READINGS = [
    ("en", "8 p.m.", [8, 20]),
    ("en", "12 a.m.", [0, 12, 24]),
    ("en", "'95", [95, 1995, 2095]),
    ("en", "1990s", [90, 1990]),
    ("en", "20th century", [20, 1900]),
    ("ru", "90-е годы", [90, 1990]),
    ("hy", "90-ականներ", [90, 1990]),
    ("en", "5m", [5, 5_000_000]),
    ("ru", "3,500", [Fraction(7, 2), 3500]),
]


@pytest.mark.parametrize(("language", "text", "expected"), READINGS)
def test_a_doubtful_number_keeps_all_its_readings(
    language: str, text: str, expected: list[int | Fraction]
) -> None:
    assert sorted(quantities(text, language)[0].readings) == expected


KINDS = [
    ("en", "30", "digits"),
    ("en", "thirty", "words"),
    ("en", "30th", "ordinal"),
    ("en", "thirtieth", "ordinal"),
    ("hy", "30-րդ", "ordinal"),
    ("ru", "30-й", "ordinal"),
    ("en", "XXX", "roman"),
    ("en", "July", "month"),
    ("ru", "июля", "month"),
    ("hy", "հուլիսին", "month"),
    ("en", "04.07.2015", "dated"),
    ("en", "both", "hint"),
    ("en", "hundreds of thousands", "hint"),
    ("ru", "сотни тысяч", "hint"),
    ("hy", "տասնյակ", "hint"),
]


@pytest.mark.parametrize(("language", "text", "kind"), KINDS)
def test_a_quantity_says_of_what_kind_it_is(language: str, text: str, kind: str) -> None:
    assert quantities(text, language)[0].kind == kind
