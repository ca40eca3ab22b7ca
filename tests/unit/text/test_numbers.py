"""Which numbers a translation lost or added, and which of a summary its article does not have."""

import time

import pytest
from hypothesis import given

from service.text.numbers import compare, quantities
from service.text.numbers.known import KnownNumbers
from tests.unit.text.strategies import texts

HY, RU = ("en", "hy"), ("en", "ru")


def doubts(source: str, target: str, languages: tuple[str, str]) -> tuple[list[str], list[str]]:
    lost, added = compare(source, target, languages)
    return [one.text for one in lost], [one.text for one in added]


FAITHFUL_ARMENIAN = [
    ("Some 100,000 people came.", "Եկավ մոտ 100 000 մարդ։"),
    ("Some 100,000 people came.", "Եկավ մոտ 100\u202f000 մարդ։"),
    ("Some 100,000 people came.", "Եկավ մոտ 100.000 մարդ։"),
    ("Some 200,000 people came.", "Եկավ մոտ երկու հարյուր հազար մարդ։"),
    ("It grew by 3.5 percent.", "Այն աճեց 3,5 տոկոսով։"),
    ("It cost 2.5 million drams.", "Այն արժեր 2,5 մլն դրամ։"),
    ("It cost 2,500,000 drams.", "Այն արժեր 2,5 միլիոն դրամ։"),
    ("The bank lent $5m.", "Բանկը տրամադրեց 5 մլն դոլար։"),
    ("The 21 players left.", "Քսանմեկ խաղացողները հեռացան։"),
    ("The 21 players left.", "Քսան մեկ խաղացողները հեռացան։"),
    ("Three of them met five others.", "Նրանցից երեքը հանդիպեցին հինգին։"),
    ("They met two of the 12.", "Նրանք հանդիպեցին տասներկուսից երկուսին։"),
    ("It happened in 2015.", "Դա եղավ 2015-ին։"),
    ("It happened in 2015.", "Դա եղավ 2015թ.-ին։"),
    ("He sang in the 1990s.", "Նա երգում էր 90-ականներին։"),
    ("He sang in the '90s.", "Նա երգում էր 1990-ական թվականներին։"),
    ("He sang in the nineties.", "Նա երգում էր իննսունականներին։"),
    ("It was built in the 19th century.", "Այն կառուցվել է XIX դարում։"),
    ("It was built in the 19th century.", "Այն կառուցվել է 19-րդ դարում։"),
    ("A 10-day visit and a two-day stop.", "Տասնօրյա այց և երկօրյա կանգառ։"),
    ("The 30-year war ended.", "Ավարտվեց երեսնամյա պատերազմը։"),
    ("Two-thirds agreed.", "Համաձայնեց երկու երրորդը։"),
    ("The talks began at 8:30 p.m.", "Բանակցությունները սկսվեցին 20:30-ին։"),
    ("The talks began at 8:30 p.m.", "Բանակցությունները սկսվեցին 20.30-ին։"),
    ("The talks began at 4pm.", "Բանակցությունները սկսվեցին ժամը 16։00-ին։"),
    ("Born on July 4, 2015.", "Ծնվել է 04.07.2015-ին։"),
    ("Born on 2015-07-04.", "Ծնվել է 2015 թվականի հուլիսի 4-ին։"),
    ("Between two million and three million birds.", "Երկու միլիոնից երեք միլիոն թռչուն։"),
    ("It lasted from 1990 to 1995.", "Այն տևեց 1990-95 թվականներին։"),
    ("World War II ended.", "Երկրորդ համաշխարհային պատերազմն ավարտվեց։"),
    ("It bought two dozen cars.", "Գնեց երկու տասնյակ մեքենա։"),
    ("Some 3.4 million km2 of steppe.", "Շուրջ 3,4 միլիոն քառ. կմ տափաստան։"),
    ("One is enough; the first came once.", "Բավական է։"),
    ("It is enough.", "Մեկը բավական է, առաջինը մի անգամ եկավ։"),
    ("It was one and a half hours.", "Տևեց մեկուկես ժամ։"),
    ("A group of 5 arrived.", "Հինգ հոգանոց խումբ ժամանեց։"),
    ("It moved to Six Oaks in May.", "Մայիսին տեղափոխվեց Սիքս Օուքս։"),
    ("All 3 teams met twice.", "Բոլոր երեք թիմերը հանդիպեցին երկու անգամ։"),
    ("Catholicos Garegin II spoke.", "Խոսեց կաթողիկոս Գարեգին Բ-ն։"),
    ("Pope John Paul II and Louis XIV.", "Հովհաննես Պողոս Բ պապը և Լյուդովիկոս ԺԴ։"),
    ("Karekin the Fourth spoke.", "Խոսեց Գարեգին Դ."),
    ("It grew from $2.5 billion to $3 billion.", "Այն աճել է 2,5-ից մինչև 3 միլիարդ դոլար։"),
    ("It costs $100 million to $200 million.", "Այն արժե 100-ից 200 միլիոն դոլար։"),
    ("From 10 million to 20 million came.", "Եկավ տասից քսան միլիոն մարդ։"),
    ("Between 2 million and 3 million came.", "Եկավ 2-ի և 3 միլիոնի միջև։"),
    ("It took a year and a half.", "Տևեց մեկուկես տարի։"),
]

FAITHFUL_RUSSIAN = [
    ("Some 100,000 people came.", "Пришло около 100\u00a0000 человек."),
    ("Some 5,000 people came.", "Пришло около пяти тысяч человек."),
    ("Some 5,600 people came.", "Пришло около 5 тыс. 600 человек."),
    ("It grew by 3.5 percent.", "Он вырос на 3,5 процента."),
    ("It cost $2.5 billion.", "Это стоило 2,5 млрд долларов."),
    ("It cost 1.5 million.", "Это стоило полтора миллиона."),
    ("It cost 500,000 euros.", "Это стоило полмиллиона евро."),
    ("It cost 2,500 euros.", "Это стоило две с половиной тысячи евро."),
    ("The $850 million deal closed.", "Сделка на 850 миллионов завершена."),
    ("An $850 million deal closed.", "Завершена 850-миллионная сделка."),
    ("From $4.2bn to $4.1bn.", "С $4,2 до $4,1 млрд."),
    ("She has 21 books and 40 pens.", "У неё двадцать одна книга, а ручек — сорок."),
    ("Two houses and three cars.", "О двух домах и трёх машинах."),
    ("The two-storey house burned for 3 days.", "Двухэтажный дом горел трое суток."),
    ("The 42-year-old won.", "Победил сорокадвухлетний спортсмен."),
    ("The 10-year-old won.", "Победил 10-летний спортсмен."),
    ("It was the 3rd time.", "Это был третий раз."),
    ("It was the 19th century.", "Это был XIX век."),
    ("It was the 10th century.", "Это был Х век."),
    ("He sang in the 1990s.", "Он пел в девяностые годы."),
    ("He sang in the 1990s.", "Он пел в 90-х."),
    ("A quarter and 2/3 of them left.", "Четверть и две трети из них ушли."),
    ("The film starts at 7 p.m.", "Фильм начнётся в 19:00."),
    ("They won 3-2.", "Они победили 3:2."),
    ("After 20 years he came.", "Спустя два десятилетия он пришёл."),
    ("After two decades he came.", "Спустя 20 лет он пришёл."),
    ("It lasted 18 months.", "Это длилось полтора года."),
    ("Five people left.", "Впятером они ушли."),
    ("He reached the top five.", "Он попал в первую пятёрку."),
    ("More than 20 with 50 million or more.", "Более двадцати, у которых 50 и более миллионов."),
    ("Between one hundred and two hundred.", "От ста до двухсот."),
    ("It weighs 1 1/2 tons.", "Он весит 1,5 тонны."),
    ("It weighs 1½ tons.", "Он весит полторы тонны."),
    ("The two left in May.", "Они ушли в мае."),
    ("COVID-19 and the B-52 met the A380.", "COVID-19, B-52 и A380."),
    ("Emma&#39;s house", "Дом Эммы"),
    ("It took a year and a half.", "Это заняло полтора года."),
    ("It took two years and a half.", "Это заняло два с половиной года."),
    ("At half past three he left.", "В половине четвёртого он ушёл."),
    ("At half past twelve he left.", "В половине первого он ушёл."),
    ("It was 20:30.", "Была половина девятого."),
    ("It was 8:30 p.m.", "Была половина девятого."),
]


@pytest.mark.parametrize(("source", "target"), FAITHFUL_ARMENIAN)
def test_nothing_is_doubted_in_a_faithful_armenian_translation(source: str, target: str) -> None:
    assert doubts(source, target, HY) == ([], [])


@pytest.mark.parametrize(("source", "target"), FAITHFUL_RUSSIAN)
def test_nothing_is_doubted_in_a_faithful_russian_translation(source: str, target: str) -> None:
    assert doubts(source, target, RU) == ([], [])


WRONG = [
    ("It happened in 2015.", "Դա եղավ 201566-ին։", HY, ["2015"], ["201566"]),
    ("It happened in 2015.", "Դա եղավ։", HY, ["2015"], []),
    ("It happened.", "Դա եղավ 2015 թվականին։", HY, [], ["2015"]),
    ("Fourteen banks closed.", "Փակվեց տասնհինգ բանկ։", HY, ["Fourteen"], ["տասնհինգ"]),
    ("It cost 2.5 million drams.", "Այն արժեր 2,5 դրամ։", HY, ["2.5 million"], ["2,5"]),
    ("They won 5-3.", "Նրանք հաղթեցին 53 հաշվով։", HY, ["5", "3"], ["53"]),
    ("At 11:20 it rained.", "Անձրև եկավ 1120-ին։", HY, ["11", "20"], ["1120"]),
    ("It rose in the 1830s.", "Այն բարձրացավ 1930-ականներին։", HY, ["1830"], ["1930"]),
    ("KV62 and again KV62.", "KV62 և կրկին։", HY, ["62"], []),
    ("On January 1 it rained.", "Հունվարին անձրև եկավ։", HY, ["1"], []),
    ("Some 55,000 barrels.", "Около 5500 баррелей.", RU, ["55,000"], ["5500"]),
    ("Some 9,000 years.", "Около 9 лет.", RU, ["9,000"], ["9"]),
    ("The 21st of May.", "Двадцать второе мая.", RU, ["21"], ["Двадцать второе"]),
    ("It was the 18th century.", "Это был XIX век.", RU, ["18"], ["XIX"]),
    ("Three ships and ten boats.", "Корабли и лодки.", RU, ["Three", "ten"], []),
    ("Ships left.", "Ушли сорок кораблей.", RU, [], ["сорок"]),
    ("It weighs ½ ton.", "Он весит тонну.", RU, ["½"], []),
    ("He paid half a million.", "Он заплатил.", RU, ["half a million"], []),
    ("Garegin II spoke.", "Գարեգին Գ-ն խոսեց։", HY, ["II"], []),
    ("Garegin II spoke.", "Գարեգին Բ. Սարգսյանը խոսեց։", HY, ["II"], []),
    ("Garegin II spoke.", "Նա կարդաց բ, ապա՝ Բ գիրքը։", HY, ["II"], []),
    ("It has 2 parts, and 4th is B.", "Կա Խումբ Բ և Խումբ Դ։", HY, ["2", "4"], []),
    (
        "It costs $1 million to $2 million.",
        "Արժե 1-ից 2 հազար։",
        HY,
        ["1 million", "2 million"],
        ["1", "2 հազար"],
    ),
    ("It costs $4 million, not $5 million.", "Արժե 4, ոչ թե 5 միլիոն։", HY, ["4 million"], ["4"]),
    ("At half past three he left.", "В половине пятого.", RU, ["three"], ["пятого"]),
    ("At half past three he left.", "Был четвёртый час.", RU, ["three"], ["четвёртый"]),
    ("It took a year and a half.", "Это заняло три с половиной.", RU, [], ["три с половиной"]),
    ("Two men and a half of it.", "Два с половиной.", RU, ["Two"], ["Два с половиной"]),
    ("It took half a year.", "Это заняло полтора года.", RU, [], ["полтора"]),
]


@pytest.mark.parametrize(("source", "target", "languages", "lost", "added"), WRONG)
def test_a_wrong_number_is_named(
    source: str, target: str, languages: tuple[str, str], lost: list[str], added: list[str]
) -> None:
    assert doubts(source, target, languages) == (lost, added)


def test_a_target_language_without_words_is_compared_by_its_figures() -> None:
    assert doubts("In 2015 there were 30.", "En 2015, il y en avait 31.", ("en", "fr")) == (
        ["30"],
        ["31"],
    )


ARTICLE = (
    "The council met at 4pm on 3 May 2015 and spent $2.47 million on twenty-one schools. About"
    " 7,560 pupils will get 5 new books. The vote was 9-4. Mayor Ana Sol, 52, waited 15 minutes."
)
SUPPORTED = [
    "The council spent $2.47 million on 21 schools.",
    "It spent about $2.5 million.",
    "More than 7,000 pupils get five new books.",
    "Nearly 7,600 pupils get new books.",
    "The vote was 9 - 4 on May 3 , 2015 .",
    "The vote was 4-9.",
    "Sol, 52, waited a quarter of an hour for the first two.",
    "They met at 16:00.",
    "Both were there once, a decade ago.",
]
UNSUPPORTED = [
    ("The council spent $2.5 million.", ["$2.5 million"[1:]]),
    ("The council spent $2.47 billion.", ["2.47 billion"]),
    ("About 8,560 pupils get books.", ["8,560"]),
    ("More than 20,000 pupils get books.", ["20,000"]),
    ("Some 22 schools were built in 2016.", ["22", "2016"]),
    ("Twelve people came.", ["Twelve"]),
    ("The council met at 5pm.", ["5"]),
    ("Sol waited 9 minutes.", ["9"]),
    ("Together 7,581 schools and pupils.", ["7,581"]),
]


@pytest.mark.parametrize("sentence", SUPPORTED)
def test_a_number_the_article_says_in_any_form_is_supported(sentence: str) -> None:
    assert KnownNumbers.read(ARTICLE).missing(sentence) == []


@pytest.mark.parametrize(("sentence", "doubted"), UNSUPPORTED)
def test_a_number_the_article_does_not_say_is_doubted(sentence: str, doubted: list[str]) -> None:
    found = KnownNumbers.read(ARTICLE).missing(sentence)
    assert [quantity.text for quantity in found] == doubted


@given(texts, texts)
def test_no_text_makes_it_raise_and_every_span_is_exact(first: str, second: str) -> None:
    for language in ("en", "hy", "ru", "fr"):
        end = 0
        for quantity in quantities(first, language):
            assert end <= quantity.start < quantity.end
            assert first[quantity.start : quantity.end] == quantity.text
            end = quantity.end
        compare(first, second, ("en", language))
    KnownNumbers.read(second).missing(first)


@given(texts)
def test_a_text_loses_nothing_against_itself(text: str) -> None:
    for language in ("en", "hy", "ru"):
        assert compare(text, text, (language, language)) == ([], [])


@pytest.mark.parametrize(
    ("source", "target", "lost", "added"),
    [
        ("It takes a day or two.", "Cela prend un jour ou deux.", [], []),
        ("It cost 2.5 million euros in 2019.", "Il a coûté 2,5 millions en 2019.", [], []),
        ("At 8 p.m. on 4 July he came.", "Il est venu à 20 h le 4 juillet.", [], []),
        ("It began in the 1990s.", "Il a commencé dans les années 1990.", [], []),
        ("World War II killed 12,000.", "La Seconde Guerre mondiale en a tué 12 000.", [], []),
        ("Some 100,000 left in 1990.", "Quelque 10 000 sont partis en 1990.",
         ["100,000"], ["10 000"]),
    ],
)  # fmt: skip
def test_where_the_words_of_a_language_are_not_known_figures_are_compared(
    source: str, target: str, lost: list[str], added: list[str]
) -> None:
    found = compare(source, target, ("en", "fr"))
    assert [[quantity.text for quantity in side] for side in found] == [lost, added]


def test_powers_that_go_on_for_ever_make_several_numbers() -> None:
    said = "He had about " + "two thousand million " * 1_000
    found = quantities(said, "en")
    assert len(found) == 1_000
    assert max(quantity.value for quantity in found) < 10**20
    assert len(KnownNumbers.read("Nothing.").missing(said)) == 999  # the last one is "million"
    assert [q.value for q in quantities("five hundred thousand million", "en")] == [5 * 10**11]
    assert [q.value for q in quantities("a million billion", "en")] == [10**15]


def test_many_sentences_are_asked_about_an_article_read_once() -> None:
    known = KnownNumbers.read(" ".join(map(str, range(20_000))))
    started = time.process_time()
    for _ in range(200):
        assert known.missing("He had about 5 mills and 31 cats.") == []
    assert time.process_time() - started < 1
