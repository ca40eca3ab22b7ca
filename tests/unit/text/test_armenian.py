"""Armenian typography, rule by rule: what is put right, and what is right and stays."""

import pytest

from service.text.typography import Typography, typeset

ALL = Typography()


def only(rule: str) -> Typography:
    return Typography(frozenset({rule}))


@pytest.mark.parametrize(
    ("rule", "source", "text", "expected"),
    [
        ("hy-yev", "", "նա եւ իր հարեւանը", "նա և իր հարևանը"),
        ("hy-yev", "", "Եւ նա եկավ", "Եվ նա եկավ"),
        ("hy-yev", "", "եւրոպական երկրներ, համաեւրոպական", "եվրոպական երկրներ, համաեվրոպական"),
        ("hy-yev", "", "Եւրոպա, Եւա", "Եվրոպա, Եվա"),
        ("hy-yev", "", "ե՛ւ դու, ե՛ւ ես", "և՛ դու, և՛ ես"),
        ("hy-yev", "", "հաց եվ ջուր", "հաց և ջուր"),
        ("hy-yev", "", "Շեւրոլե", "Շևրոլե"),
        ("hy-full-stop", "", "Նա եկավ.", "Նա եկավ։"),
        ("hy-full-stop", "", "Նա եկավ∶", "Նա եկավ։"),
        ("hy-full-stop", "He came. She left.", "Նա եկավ. Աննան գնաց.", "Նա եկավ։ Աննան գնաց։"),
        ("hy-full-stop", "", "Ժամը 10։30 է։", "Ժամը 10:30 է։"),
        ("hy-full-stop", "He came.", "Նա եկավ;", "Նա եկավ։"),
        ("hy-full-stop", "", "Նա եկավ։ .", "Նա եկավ։"),
        ("hy-colon", "", "Նա եկավ: Մենք գնացինք:", "Նա եկավ։ Մենք գնացինք։"),
        ("hy-colon", "", "«Նա եկավ:»", "«Նա եկավ։»"),
        ("hy-colon", "", "Նա ծնվել է 1990 թ.:", "Նա ծնվել է 1990 թ.։"),
        ("hy-semicolon", "", "Նա եկավ; մենք գնացինք։", "Նա եկավ. մենք գնացինք։"),
        ("hy-space-before", "", "Այդ օրը ՝ կիրակի ։", "Այդ օրը՝ կիրակի։"),
        ("hy-space-before", "", "Աննան , Արամը :", "Աննան, Արամը:"),
        ("hy-space-before", "", "Ի ՞ նչ ես ուզում։", "Ի՞նչ ես ուզում։"),
        ("hy-space-before", "", "Հնարավո ՞ ր է։", "Հնարավո՞ր է։"),
        ("hy-space-before", "", "Ինչո ՞ ւ գնաց։", "Ինչո՞ւ գնաց։"),
        ("hy-space-before", "", "թե ՛ ես, թե ՛ դու", "թե՛ ես, թե՛ դու"),
        ("hy-space-after", "", "Նա եկավ։Մենք գնացինք։", "Նա եկավ։ Մենք գնացինք։"),
        ("hy-space-after", "", "հաց,ջուր", "հաց, ջուր"),
        ("hy-space-after", "", "Նա ասաց.«Այո»։", "Նա ասաց. «Այո»։"),
        ("hy-marks", "", "տունը` գետի մոտ", "տունը՝ գետի մոտ"),
        ("hy-marks", "", "տունը' գետի մոտ", "տունը՝ գետի մոտ"),
        ("hy-marks", "", "թե' ես, թե' դու", "թե՛ ես, թե՛ դու"),
        ("hy-marks", "", "կա'մ դու, կա'մ ես", "կա՛մ դու, կա՛մ ես"),
        ("hy-marks", "", "գնա´ տուն", "գնա՛ տուն"),
        ("hy-hyphens", "", "20 – րդ դարում", "20-րդ դարում"),
        ("hy-hyphens", "", "1992 թ. – ին", "1992 թ.-ին"),
        ("hy-hyphens", "", "ՄԱԿ - ի և NASA - ի", "ՄԱԿ-ի և NASA-ի"),
        ("hy-hyphens", "", "ինչ – որ մեկը", "ինչ-որ մեկը"),
        ("hy-hyphens", "", "հյուսիս – արևմուտք", "հյուսիս-արևմուտք"),
        ("hy-guillemets", "", 'Նա ասաց. "Այո"։', "Նա ասաց. «Այո»։"),
        ("hy-guillemets", "", "“Լույս” թերթը", "«Լույս» թերթը"),
        ("hy-guillemets", "", "„Լույս” թերթը", "«Լույս» թերթը"),
        ("hy-guillemets", "", '"Նա կարդում է "Լույս" թերթը"։', "«Նա կարդում է «Լույս» թերթը»։"),
        ("hy-guillemets", "", "« Լույս » թերթը", "«Լույս» թերթը"),
        ("hy-guillemets", "", '"Լույս"-ը', "«Լույս»-ը"),
        ("hy-dashes", "", "Երևանը - մեր քաղաքը - մեծ է", "Երևանը — մեր քաղաքը — մեծ է"),
        ("hy-dashes", "", "«Այո», - ասաց նա։", "«Այո»,- ասաց նա։"),
        ("hy-dashes", "5-7 people", "5 – 7 մարդ", "5–7 մարդ"),
        ("hy-ellipsis", "", "Նա գնաց... և եկավ․․․", "Նա գնաց… և եկավ…"),
        ("hy-grouping", "100,000 people", "100,000 մարդ", "100\xa0000 մարդ"),
        ("hy-grouping", "5,000,000 people", "5.000.000 մարդ", "5\xa0000\xa0000 մարդ"),
        ("hy-grouping", "76,888 people", "76888 մարդ", "76\xa0888 մարդ"),
        ("hy-decimal-comma", "2.5% of all", "2.5 %-ը", "2,5 %-ը"),
        ("hy-decimal-comma", "1.5 million", "1.5 միլիոն", "1,5 միլիոն"),
        ("hy-look-alikes", "", "hայրենիք, սիրo, nւժ", "հայրենիք, սիրօ, ուժ"),
        ("hy-look-alikes", "", "оգտվել", "օգտվել"),
        ("hy-marks-on-vowel", "", "Ինչու՞ գնացիր՞", "Ինչո՞ւ գնացի՞ր"),
        ("hy-marks-on-vowel", "", "տունը՞, դուն՛", "տունը՞, դո՛ւն"),
        ("hy-question-mark", "", "Որտեղ ես ապրում?", "Որտե՞ղ ես ապրում։"),
        ("hy-question-mark", "", "Ինչու գնաց?", "Ինչո՞ւ գնաց։"),
        ("hy-question-mark", "", "Դու ինչ ես ուզում?", "Դու ի՞նչ ես ուզում։"),
        ("hy-question-mark", "", "Ով է նա?", "Ո՞վ է նա։"),
        ("hy-question-mark", "", "Երբ եկար?", "Ե՞րբ եկար։"),
        ("hy-question-mark", "", "Քանի տարեկան ես?", "Քանի՞ տարեկան ես։"),
        ("hy-question-mark", "", "Միթե գնաց?", "Մի՞թե գնաց։"),
        ("hy-question-mark", "", "Քանիերորդ անգամ է?", "Քանի՞երորդ անգամ է։"),
        ("hy-question-mark", "", "Ինչպե՞ս ես?", "Ինչպե՞ս ես։"),
        ("hy-question-mark", "", "«Որտեղ է նա?», հարցրեց Աննան։", "«Որտե՞ղ է նա», հարցրեց Աննան։"),
        ("hy-exclamation-mark", "", "Այո! Ոչ!", "Այո՛։ Ո՛չ։"),
        ("hy-exclamation-mark", "", "Ինչ գեղեցիկ է!", "Ի՜նչ գեղեցիկ է։"),
    ],
)
def test_each_rule_puts_its_own_mistake_right(
    rule: str, source: str, text: str, expected: str
) -> None:
    assert typeset(text, "hy", source, only(rule)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ՀԱՅԱՍՏԱՆ ԵՒ ԱՐՑԱԽ, ԵՎՐՈՊԱ",
        "Ժամը 10:30-ին հաշիվը 2:1 էր։",
        "Մասշտաբը 1:100 000 է։",
        "Կայքը՝ https://news.am/a?b=c:d։",
        "Գրեք info@lur.am հասցեով։",
        "Նա ծնվել է 1990 թ. Երևանում։",
        "Ա. Ս. Ավագյանը Մ.թ.ա. 5-րդ դարում։",
        "Եկան հյուրեր՝ Արամը, Աննան և այլն։",
        "ԱՄՆ-ի և ՄԱԿ-ի միջև",
        "Նա ասաց. «Ես գնում եմ»։",
        "Նա սիրում է երեք բան. հաց, ջուր և լույս։",
        "Ի՞նչ գիտես, որտե՞ղ ես, ինչո՞ւ չես գալիս։",
        "Գնա՛ տուն, ի՜նչ լավ է։",
        "Շ. Օ'Նիլը և Դ. Օ’Կոնորը",
        "iPhone-ը, Google-ի, Microsoft-ի, USB-ով, SOS-ը",
        "Yahoo!-ի բաժնետոմսերը",
        "Դու գիտես, թե ով է նա?",
        "Գալու ես այսօր?",
        "Երբ նա գա, կգնանք միասին?",
        'Երկարությունը 5" է։',
        "Տարբերակ 2.5, iOS 1.1",
        "2010 – ի վերջո նա եկավ",
        "Նա եկավ…",
        "100 000 մարդ",
        "Նախարարը շարունակեց.",
        "Արագությունը մեծ է (5 մ/վ; 18 կմ/ժ)։",
        "մարդիկn եկան",
        "",
        "   ",
    ],
)
def test_text_that_is_right_or_doubtful_stays(text: str) -> None:
    assert typeset(text, "hy", rules=ALL) == text


def test_a_colon_that_ends_sentences_stays_only_where_its_rule_is_off() -> None:
    assert typeset("Նա եկավ:", "hy") == "Նա եկավ։"
    assert typeset("Նա եկավ:", "hy", rules=Typography.of(["-hy-colon"])) == "Նա եկավ:"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("He came with three things: bread,", "Նա եկավ երեք բանով: հաց, ջուր։"),
        ("He asked for:", "Նա խնդրեց:"),
        ("", "Նախարարն ասաց: «Կամուրջը բաց է»։"),
        ("Three cities are named: Gyumri, Vanadzor.", "Նշված են քաղաքներ: Գյումրի, Վանաձոր։"),
    ],
)
def test_a_colon_that_introduces_stays(source: str, text: str) -> None:
    assert typeset(text, "hy", source, ALL) == text


def test_a_final_point_stays_where_the_source_goes_on() -> None:
    assert typeset("Նա ասաց.", "hy", "He said:") == "Նա ասաց."
    assert typeset("Նա գնաց.", "hy", "He went, and:") == "Նա գնաց."
    assert typeset("Նա գնաց.", "hy", "He went.") == "Նա գնաց։"


def test_the_point_before_direct_speech_stays() -> None:
    text = "Նա շարունակեց. Վստահ եղեք։ Մենք կգանք։"
    assert typeset(text, "hy", "He went on. “Be sure. We shall come.”") == text


def test_a_point_between_clauses_stays_without_two_sentences_in_the_source() -> None:
    text = "Կա երկու ծով. Էգեյան և Սև։"
    assert typeset(text, "hy", "There are two seas: the Aegean and the Black.") == text
    assert typeset(text, "hy") == text


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("It rose by 25%.", "Այն աճեց 25%.", "Այն աճեց 25%։"),
        ("It costs 15.", "Այն արժե 15.", "Այն արժե 15։"),
        ("It is at -5°.", "Այն -5° է, այսինքն՝ -5°.", "Այն -5° է, այսինքն՝ -5°։"),
        ("It costs 15 [1].", "Այն արժե 15 [1].", "Այն արժե 15 [1]։"),
        ("He said “It costs 15.”", "Նա ասաց՝ «Արժե 15.»", "Նա ասաց՝ «Արժե 15։»"),
        ("Visit a.com.", "Այցելեք a.com.", "Այցելեք a.com։"),
        ("Visit a.com.", "Այցելեք a.com:", "Այցելեք a.com։"),
        ("Run \ue001.", "Գործարկեք \ue001.", "Գործարկեք \ue001։"),
        ("Run \ue001.", "Գործարկեք \ue001:", "Գործարկեք \ue001։"),
        ("Visit a.com. Go.", "Այցելեք a.com: Գնա:", "Այցելեք a.com։ Գնա։"),
    ],
)  # fmt: skip
def test_a_sentence_also_ends_behind_figures_addresses_and_what_it_keeps(
    source: str, text: str, expected: str
) -> None:
    assert typeset(text, "hy", source) == expected


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", "Այն արժե 15."),
        ("Chapter 15", "Գլուխ 15."),
        ("It costs 15...", "Այն արժե 15…"),
        ("Visit a.com:", "Այցելեք a.com:"),
        ("2.", "2."),
    ],
)
def test_a_point_behind_figures_stays_unless_the_source_ends_in_one(source: str, text: str) -> None:
    assert typeset(text, "hy", source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Mr. Smith met Dr. Jones.", "Պրն. Սմիթը հանդիպեց դր. Ջոնսին։"),
        ("Mrs. Smith arrived.", "Տիկ. Սմիթը ժամանեց։"),
        ("Prof. J. Smith of the U.S. Army met St. John.", "Պրոֆ. Սմիթը հանդիպեց Սբ. Հովհ. Ջոնին։"),
        ("Martin Luther King Jr. Day is here.", "Մարտին Լյութեր Քինգ կրտ. Օրն այստեղ է։"),
        ("“He left. Mr. Smith stayed,” she said.", "«Նա գնաց։ Պրն. Սմիթը մնաց»,- ասաց նա։"),
        ("He left the town. Ann Jr. Smith stayed.", "Նա լքեց քաղաքը։ Էնն կրտ. Սմիթը մնաց։"),
    ],
)
def test_the_point_of_a_title_is_no_end_of_a_sentence(source: str, text: str) -> None:
    assert typeset(text, "hy", source, ALL).replace("\xa0", " ") == text


def test_a_point_between_two_sentences_is_a_full_stop_though_titles_stand_in_them() -> None:
    source = "“Mr. Smith left. Mrs. Smith stayed,” he said."
    text = "«Պրն. Սմիթը գնաց. Տիկ. Սմիթը մնաց», ասաց նա:"
    assert typeset(text, "hy", source) == "«Պրն. Սմիթը գնաց։ Տիկ. Սմիթը մնաց», ասաց նա։"


def test_numbers_are_regrouped_only_as_in_the_source() -> None:
    assert typeset("3,000 մարդ", "hy") == "3,000 մարդ"
    assert typeset("3,141 մարդ", "hy", "3,000 people") == "3,141 մարդ"
    assert typeset("2.5", "hy", "version 2.5") == "2.5"


def test_classical_orthography_keeps_its_spelling() -> None:
    rules = Typography.of(["hy-classical"])
    assert typeset("Եւ նա եւ ես ։", "hy", rules=rules) == "Եւ նա եւ ես։"


def test_several_rules_together() -> None:
    text = 'Նախագահը ՝ 1992 թ. – ին , ասել է. "Մեր ապագան եւ անցյալը" ։'
    assert typeset(text, "hy") == "Նախագահը՝ 1992 թ.-ին, ասել է. «Մեր ապագան և անցյալը»։"
