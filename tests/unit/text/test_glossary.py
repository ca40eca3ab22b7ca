from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.text.glossary import Glossary, missed
from service.text.placeholders import PLACEHOLDER_STYLES, PROXIES, restored, with_placeholders
from tests.unit.text.strategies import texts

GLOSSARY = Glossary.of({
    "Artsakh": "Արցախ",
    "drone": ["անօդաչու", "դրոն"],
    "Prime Minister's Office": "վարչապետի աշխատակազմ",
    "prime minister": "վարչապետ",
    "minister": "նախարար",
    "company": "ընկերություն",
    "news": "լուր",
    "new": "նոր",
    "May": "Մեյ",
    "NGO": "ՀԿ",
    "know-how": "նոու-հաու",
    "U.S.": "ԱՄՆ",
    "O'Hara": "Օ’Հարա",
})  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("", []),
        ("Talks on Artsakh began.", ["Artsakh"]),
        ("Artsakh’s speaker and Artsakh's envoy met.", ["Artsakh", "Artsakh"]),
        ("the Artsakhis of Artsakhville", []),
        ("A pro-Artsakh and Artsakh-born crowd", []),
        ("See artsakh.am, @Artsakh, #Artsakh, x.am/Artsakh.", []),
        ("'Artsakh' and (Artsakh), Artsakh; Artsakh.", ["Artsakh"] * 4),
        ("artsakh", []),
        ("TALKS ON ARTSAKH BEGIN", ["ARTSAKH"]),
        ("Drones fell; a drone rose.", ["Drones", "drone"]),
        ("He said: “Drones fell.” Mr Drone nodded.", ["Drones"]),
        ("DRONES FALL AT NIGHT", ["DRONES"]),
        ("The prime minister told a minister.", ["prime minister", "minister"]),
        ("The Prime Minister met the Minister.", ["Prime Minister"]),
        ("The Prime  Minister’s Office called.", ["Prime  Minister’s Office"]),
        ("The prime minister's office called.", ["prime minister"]),
        ("Prime ministers and companies", ["Prime ministers", "companies"]),
        ("The news is new.", ["news", "new"]),
        ("They may meet in May.", ["May"]),
        ("Two NGOs and one NGO", ["NGOs", "NGO"]),
        ("Know‑how is know-how.", ["Know‑how", "know-how"]),
        ("The U.S. said", ["U.S."]),
        ("Mr O’Hara", ["O’Hara"]),
        ("Mr O’Harahan", []),
        ("drone\u0301", []),
    ],
)  # fmt: skip
def test_terms_are_whole_words_the_longest_first(sentence: str, found: list[str]) -> None:
    terms = GLOSSARY.terms_in(sentence)
    assert [term.text for term in terms] == found
    assert [sentence[term.start : term.end] for term in terms] == found


def test_a_term_says_how_the_glossary_has_it() -> None:
    (term,) = GLOSSARY.terms_in("Drones")
    assert (term.source, term.forms) == ("drone", ("անօդաչու", "դրոն"))


def test_equal_glossaries_are_equal_keys() -> None:
    one = Glossary.of({"a": "ա", "b": ["բ", "բբ"]})
    other = Glossary.of({"b": ("բ", "բբ"), "a": ["ա"]})
    assert one == other
    assert hash(one) == hash(other)
    assert one != Glossary.of({"a": "ա"})


def test_an_empty_glossary_finds_nothing() -> None:
    assert Glossary().terms_in("Artsakh") == []


def test_the_terms_of_the_upper_glossary_win() -> None:
    both = Glossary.of({"a": "1", "b": "2"}).over(Glossary.of({"b": "3", "c": "4"}))
    assert both == Glossary.of({"a": "1", "b": "2", "c": "4"})


def test_one_spelling_of_an_apostrophe_overrides_another() -> None:
    both = Glossary.of({"O’Hara": "1"}).over(Glossary.of({"O'Hara": "2"}))
    assert [term.forms for term in both.terms_in("O'Hara")] == [("1",)]


def test_a_file_has_a_term_a_line() -> None:
    text = "\ufeff# names\r\n\r\nArtsakh\tԱրցախ\n  # more\ndrone\tդրոն\tանօդաչու սարք\r\n"
    assert Glossary.parse(text, "x.tsv") == Glossary.of(
        {"Artsakh": "Արցախ", "drone": ["դրոն", "անօդաչու սարք"]}
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tա\n\nb", "x.tsv, line 3: the term 'b' has no form"),
        ("a\t", "x.tsv, line 1: a form of the term 'a' is empty"),
        ("a\tա\t\tբ", "x.tsv, line 1: a form of the term 'a' is empty"),
        ("\tա", "x.tsv, line 1: the term '' has no letter"),
        ("# c\na\tա\na\tբ", "x.tsv, line 3: the term 'a' is there twice"),
        ("O’Hara\tա\nO'Hara\tբ", 'x.tsv, line 2: the term "O\'Hara" is there twice'),
        ("…\tա", "x.tsv, line 1: the term '…' has no letter"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"x\.tsv") as caught:
        Glossary.parse(text, "x.tsv")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("mapping", [{"": "ա"}, {"a": ""}, {"a": []}, {"a": ["ա", " "]}])
def test_a_term_without_a_name_or_a_form_is_refused(mapping: dict[str, str | list[str]]) -> None:
    with pytest.raises(ValueError, match="the term"):
        Glossary.of(mapping)


def _missed(source: str, output: str, glossary: Glossary = GLOSSARY) -> list[str]:
    return [term.source for term in missed(glossary.terms_in(source), output)]


@pytest.mark.parametrize(
    ("source", "output", "absent"),
    [
        ("Artsakh", "Արցախում ապրում են։", []),
        ("Artsakh", "Ի՞նչ է Արցա՞խը։", []),
        ("Artsakh", "Արցախյան հարցը", ["Artsakh"]),
        ("Artsakh", "արցախում", ["Artsakh"]),
        ("Artsakh", "ԱՐՑԱԽԸ", []),
        ("Artsakh and Artsakh", "Արցախն ու նա", []),
        ("Artsakh and a drone", "Ղարաբաղում մի դրոն", ["Artsakh"]),
        ("drones", "Դրոնները", []),
        ("drones", "անօդաչուներից", []),
        ("the companies", "ընկերություններին", []),
        ("the company", "ընկերության", []),
        ("the NGO", "ՀԿ-ն ասաց", []),
        ("Prime Minister's Office", "վարչապետի աշխատակազմի", []),
        ("Prime Minister's Office", "վարչապետի գրասենյակի", ["Prime Minister's Office"]),
        ("no terms", "", []),
        ("Artsakh", "", ["Artsakh"]),
    ],
)  # fmt: skip
def test_a_term_is_missed_where_no_form_of_it_is_said(
    source: str, output: str, absent: list[str]
) -> None:
    assert _missed(source, output) == absent


RUSSIAN = Glossary.of({
    "Foreign Ministry": "Министерство иностранных дел",
    "Security Council": ["Совет Безопасности", "Совбез"],
    "Artsakh": "Арцах",
    "Baku": "Баку",
})  # fmt: skip


@pytest.mark.parametrize(
    ("source", "output", "absent"),
    [
        ("Foreign Ministry", "в Министерстве иностранных дел", []),
        ("Foreign Ministry", "в МИДе", ["Foreign Ministry"]),
        ("Security Council", "Совета Безопасности", []),
        ("Security Council", "в Совбезе", []),
        ("Artsakh", "в Арцахе", []),
        ("Artsakh", "арцахский", ["Artsakh"]),
        ("Artsakh", "Арцахский", ["Artsakh"]),
        ("Baku", "в Баку", []),
    ],
)  # fmt: skip
def test_a_russian_term_may_be_inflected(source: str, output: str, absent: list[str]) -> None:
    assert _missed(source, output, RUSSIAN) == absent


def test_a_stand_in_takes_the_place_of_each_term() -> None:
    sentence = "The Prime Minister of Artsakh’s drones"
    text, placeholders = with_placeholders(sentence, GLOSSARY.terms_in(sentence), "XQ{}")
    assert text == "The XQ1 of XQ2’s XQ3"
    assert [p.term.source for p in placeholders] == ["prime minister", "Artsakh", "drone"]


def test_a_stand_in_is_no_word_of_the_sentence() -> None:
    sentence = "Flight xq1 to Artsakh"
    text, _ = with_placeholders(sentence, GLOSSARY.terms_in(sentence), "XQ{}")
    assert text == "Flight xq1 to XQ2"


def _restored(output: str, *forms: str, source: str = "the {}") -> str | None:
    glossary = Glossary.of({f"term{'abc'[i]}": form for i, form in enumerate(forms)})
    sentence = source.format(" and ".join(f"term{'abc'[i]}" for i in range(len(forms))))
    _, placeholders = with_placeholders(sentence, glossary.terms_in(sentence), "XQ{}")
    assert len(placeholders) == len(forms)
    return restored(output, placeholders)


@pytest.mark.parametrize(
    ("output", "form", "expected"),
    [
        ("ասաց XQ1։", "Արցախ", "ասաց Արցախ։"),
        ("ասաց xq 1։", "Արցախ", "ասաց Արցախ։"),
        ("в ХQ1.", "Арцах", "в Арцах."),
        ("XQ1-ը", "Արցախ", "Արցախը"),
        ("XQ1ը", "Արցախ", "Արցախը"),
        ("XQ1-ն գնաց", "Արցախ", "Արցախը գնաց"),
        ("XQ1-ն է", "Արցախ", "Արցախն է"),
        ("XQ1-ը", "Գյումրի", "Գյումրին"),
        ("XQ1-ը", "Բաքու", "Բաքուն"),
        ("XQ1 -ի նախագահը", "Արցախ", "Արցախի նախագահը"),
        ("XQ1-ի", "Իտալիա", "Իտալիայի"),
        ("XQ1-ում", "Իտալիա", "Իտալիայում"),
        ("XQ1-ներին", "դրոն", "դրոններին"),
        ("XQ1-ի", "ԱԺ", "ԱԺ-ի"),
        ("XQ1ի", "IBM", "IBM-ի"),
        ("XQ1-ում", "«Լուր»", "«Լուր»-ում"),
        ("XQ1 – նա", "Արցախ", "Արցախ – նա"),
        ("XQ1-ամյա", "Արցախ", "Արցախ-ամյա"),
        ("XQ1а", "Арцах", "Арцаха"),
        ("в XQ1-е", "Армения", "в Армении"),
        ("за XQ1-ом", "Москва", "за Москвой"),
        ("из XQ1а", "Америка", "из Америки"),
        ("из XQ1а", "Сочи", "из Сочи"),
        ("из XQ1а", "Нагорный Карабах", "из Нагорный Карабах"),
        ("XQ1-ը", "Նոր Արցախ", "Նոր Արցախը"),
        ("l'XQ1", "Artsakh", "l'Artsakh"),
    ],
)  # fmt: skip
def test_a_stand_in_gives_way_to_its_term(output: str, form: str, expected: str) -> None:
    assert _restored(output, form) == expected


@pytest.mark.parametrize("output", ["", "XQ", "XQ2", "XQ11", "AXQ1", "XQ1 and XQ1", "XQ1abcd"])
def test_nothing_is_restored_unless_each_stand_in_is_there_once(output: str) -> None:
    assert _restored(output, "Արցախ") is None


@pytest.mark.parametrize(
    ("language", "output", "form", "expected"),
    [
        ("hy", "Չինաստանում անձրև է։", "Արցախ", "Արցախում անձրև է։"),
        ("hy", "Չինաստանը հեռու է։", "Գյումրի", "Գյումրին հեռու է։"),
        ("hy", "Նա Չինաստանից է։", "Իտալիա", "Նա Իտալիայից է։"),
        ("hy", "Նա չինաստանյան ակումբից է։", "Արցախ", None),
        ("hy", "Չինաստանից՝ Չինաստան։", "Արցախ", None),
        ("hy", "Նա այստեղ է։", "Արցախ", None),
        ("ru", "Он в Китае.", "Арцах", "Он в Арцахе."),
        ("ru", "Он из Китая.", "Армения", "Он из Армении."),
        ("ru", "Он за Китаем.", "Арцах", "Он за Арцахом."),
        ("ru", "Китай далеко.", "Москва", "Москва далеко."),
        ("ru", "Китайский клуб.", "Арцах", None),
    ],
)  # fmt: skip
def test_a_proxy_gives_its_ending_to_the_term(
    language: str, output: str, form: str, expected: str | None
) -> None:
    glossary = Glossary.of({"Zedville": form})
    sentence = "He is in Zedville."
    text, placeholders = with_placeholders(sentence, glossary.terms_in(sentence), PROXIES[language])
    assert text == "He is in China."
    assert restored(output, placeholders) == expected


def test_a_proxy_is_no_word_of_the_sentence_and_terms_beyond_the_last_one_stay() -> None:
    glossary = Glossary.of({f"term{letter}": "ա" for letter in "abcdefghij"})
    sentence = "China: terma termb termc termd terme termf termg"
    text, placeholders = with_placeholders(sentence, glossary.terms_in(sentence), PROXIES["hy"][:3])
    assert text == "China: Egypt London termc termd terme termf termg"
    assert len(placeholders) == 2


def test_stand_ins_may_change_places() -> None:
    assert _restored("XQ2-ի և XQ1-ի", "Արցախ", "Լոռի") == "Լոռիի և Արցախի"
    assert _restored("XQ2", "Արցախ", "Լոռի") is None


def test_a_small_letter_form_begins_a_sentence_with_a_capital() -> None:
    assert _restored("«XQ1 ընկավ»", "դրոն", source="A {} fell") == "«Դրոն ընկավ»"
    assert _restored("ընկավ XQ1", "դրոն", source="A {} fell") == "ընկավ դրոն"
    assert _restored("XQ1 ընկավ", "դրոն", source="a {} fell") == "դրոն ընկավ"


@given(texts, st.sampled_from(PLACEHOLDER_STYLES))
@example("‐Ё", PLACEHOLDER_STYLES[0])
@example("-ի", PLACEHOLDER_STYLES[0])
def test_what_a_model_leaves_alone_comes_back_with_the_first_forms(text: str, style: str) -> None:
    identity = Glossary.of({"Artsakh": "Artsakh", "drone": "drone"})
    sentence = f"{text} Artsakh {text} drone {text}"
    terms = identity.terms_in(sentence)
    replaced, placeholders = with_placeholders(sentence, terms, style)
    back = restored(replaced, placeholders)
    assert len(placeholders) == len(terms) >= 2
    assert back is None or _letters(back) == _letters(sentence)
    assert missed(terms, sentence) == []


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


@pytest.mark.parametrize(
    "text",
    ["a", " ", "-", "'", "A", "1", ".", "\u0301", "term ", "term1 ", "XQ1", "Artsakh'", "ա", "ի"],
)
@pytest.mark.parametrize(
    "work",
    [
        lambda glossary, text: glossary.terms_in(text),
        lambda glossary, text: missed(glossary.terms_in("term7 of term9"), text),
        lambda glossary, text: restored(
            text, with_placeholders("term7", glossary.terms_in("term7"), "XQ{}")[1]
        ),
        lambda glossary, text: restored(
            text, with_placeholders("term7", glossary.terms_in("term7"), PROXIES["hy"])[1]
        ),
    ],
    ids=["terms_in", "missed", "marks", "proxies"],
)
def test_long_texts_take_linear_time(work: Callable[[Glossary, str], object], text: str) -> None:
    glossary = Glossary.of({f"term{i}": f"ա{'ի' * i}" for i in range(200)})
    long = text * (100_000 // len(text))
    began = process_time()
    work(glossary, long)
    assert process_time() - began < 3


@pytest.mark.parametrize(
    ("form", "output"),
    [("за\u0301мок", "Это замок."), ("ո՞վ", "Ով է նա։"), ("замок", "За\u0301мок стоит.")],
)
def test_accents_say_nothing_in_forms_and_translations(form: str, output: str) -> None:
    glossary = Glossary.of({"castle": form})
    assert missed(glossary.terms_in("a castle"), output) == []


@pytest.mark.parametrize("term", ["Café Sãoré", "Cafe\u0301 Sa\u0303ore\u0301"])
@pytest.mark.parametrize("said", ["Café Sãoré", "Cafe\u0301 Sa\u0303ore\u0301"])
def test_a_letter_and_its_accent_are_the_letter_with_it(term: str, said: str) -> None:
    glossary = Glossary.of({term: term})
    sentence = f"The cafe of {said}'s is the {said} of all {said}s."
    terms = glossary.terms_in(sentence)
    assert [one.text for one in terms] == [said, said, said + "s"]
    assert all(sentence[one.start : one.end] == one.text for one in terms)
    assert missed(terms, f"«{said}»-ն") == []
    assert missed(terms, "Cafe Sãore") == [terms[0]]
    assert glossary.terms_in("Cafe Sãoré\u0301 and Café Saoré") == []


def test_looking_for_many_forms_among_many_words_is_bounded() -> None:
    source = " ".join(f"t{n}" for n in range(200))
    forms = {f"t{n}": [f"ա{'գ' * n}{'դ' * k}" for k in range(20)] for n in range(200)}
    terms = Glossary.of(forms).terms_in(source)
    output = " ".join(f"ա{'բ' * n}" for n in range(400))
    began = process_time()
    missed(terms, output)
    assert process_time() - began < 2


def test_a_sentence_full_of_marks_and_terms_takes_linear_time() -> None:
    sentence = " ".join(f"XQ{n} NATO" for n in range(20_000))
    terms = Glossary.of({"NATO": "ՆԱՏՕ"}).terms_in(sentence)
    began = process_time()
    replaced, placeholders = with_placeholders(sentence, terms)
    restored(replaced, placeholders)
    assert process_time() - began < 10
    assert len(terms) == 20_000
    assert len(placeholders) == 32
    assert placeholders[0].text == "XQ20000"
