import pytest
from hypothesis import given

from service.text.declension import fold, glue, is_form
from tests.unit.text.strategies import texts


@pytest.mark.parametrize(
    ("base", "forms"),
    [
        ("Արցախ", "Արցախ Արցախը Արցախի Արցախին Արցախից Արցախով Արցախում Արցախն"),
        ("Իտալիա", "Իտալիան Իտալիայի Իտալիայից Իտալիայում"),
        ("Գյումրի", "Գյումրին Գյումրու Գյումրուց Գյումրիում"),
        ("Բաքու", "Բաքուն Բաքվի Բաքվից Բաքվում"),
        ("ընկերություն", "ընկերության ընկերությունը ընկերություններին ընկերությունից"),
        ("հանդիպում", "հանդիպման հանդիպումը հանդիպումներից"),
        ("խորհուրդ", "խորհրդի խորհուրդը խորհրդում"),
        ("երկիր", "երկրի երկրներ երկիրը"),
        ("դրոն", "դրոններ դրոնների դրոններով"),
        ("Երևան", "Երեւանում Երևանից"),
        ("Арцах", "Арцах Арцаха Арцаху Арцахом Арцахе"),
        ("Россия", "Россия России Россию Россией"),
        ("Москва", "Москвы Москве Москву Москвой"),
        ("Кремль", "Кремля Кремлю Кремлём Кремле"),
        ("министерство", "министерства министерству министерством министерстве"),
        ("конец", "конца концом"),
        ("владелец", "владельца владельцев"),
        ("китаец", "китайца китайцы"),
        ("внешний", "внешнего внешних внешнему"),
        ("Баку", "Баку"),
        ("NATO", "NATO nato"),
    ],
)
def test_inflected_words_are_forms_of_their_base(base: str, forms: str) -> None:
    assert [form for form in forms.split() if not is_form(form, base)] == []


@pytest.mark.parametrize(
    ("base", "others"),
    [
        ("Արցախ", "արցախյան արցախցի Արցախական Արց"),
        ("Արամ", "Արամյան Արա"),
        ("Арцах", "арцахский арцахцы Арц"),
        ("Москва", "московский Москвин"),
        ("Баку", "Баком Баки"),
        ("NATO", "NATOs NATOի"),
        ("дом", "домашний домик"),
    ],
)
def test_derived_words_are_no_forms(base: str, others: str) -> None:
    assert [other for other in others.split() if is_form(other, base)] == []


@pytest.mark.parametrize(
    ("word", "ending", "expected"),
    [
        ("Երևան", "ը", "Երևանը"),
        ("Լոռի", "ը", "Լոռին"),
        ("ընկերը", "ը", "ընկերը"),
        ("Սամոա", "ով", "Սամոայով"),
        ("Чехия", "у", "Чехии"),
        ("Рига", "ом", "Ригой"),
        ("Ялта", "а", "Ялты"),
        ("Кремль", "а", "Кремль"),
        ("Арцах", "ами", "Арцах"),
        ("Արցախ", "աբգ", None),
        ("Арцах", "ский", None),
        ("Artsakh", "x", None),
        ("Artsakh", "", None),
    ],
)
def test_an_ending_is_glued_by_the_rules_of_spelling(
    word: str, ending: str, expected: str | None
) -> None:
    assert glue(word, ending) == expected


@given(texts, texts)
def test_any_text_is_accepted(one: str, other: str) -> None:
    assert is_form(one, one)
    assert is_form(one, other) in {True, False}
    assert fold(fold(one)) == fold(one)
    glue(one or "a", other, one)
