"""Russian typography, rule by rule: what is put right, and what is right and stays."""

import pytest

from service.text.typography import Typography, typeset


def only(rule: str) -> Typography:
    return Typography(frozenset({rule}))


@pytest.mark.parametrize(
    ("rule", "source", "text", "expected"),
    [
        ("ru-guillemets", "", 'Газета "Заря" вышла.', "Газета «Заря» вышла."),
        ("ru-guillemets", "", "Газета “Заря” вышла.", "Газета «Заря» вышла."),
        ("ru-guillemets", "", "Газета „Заря“ вышла.", "Газета «Заря» вышла."),
        ("ru-guillemets", "", 'Завод "Заря", "Маяк"', "Завод «Заря», «Маяк»"),
        ("ru-guillemets", "", "« Заря »", "«Заря»"),
        ("ru-guillemets", "", '"Он читал "Зарю" вслух"', "«Он читал „Зарю“ вслух»"),
        ("ru-inner-quotes", "", "«Он читал «Зарю» вслух»", "«Он читал „Зарю“ вслух»"),
        ("ru-inner-quotes", "", "«Он читал «Зарю»»", "«Он читал „Зарю“»"),
        ("ru-stop-outside", "", "Он сказал: «Мы придём.»", "Он сказал: «Мы придём»."),
        ("ru-dashes", "", "Ереван - столица", "Ереван — столица"),
        ("ru-dashes", "", "Ереван – столица", "Ереван — столица"),
        ("ru-dashes", "", "Ереван -- столица", "Ереван — столица"),
        ("ru-dashes", "", "«Да»,- сказал он", "«Да», — сказал он"),
        ("ru-dashes", "", "«Да», - сказал он", "«Да», — сказал он"),
        ("ru-dashes", "in 5-7 days", "через 5 – 7 дней", "через 5–7 дней"),
        ("ru-ellipsis", "", "Он ушёл...", "Он ушёл…"),
        ("ru-space-before", "", "Он ушёл , но вернулся !", "Он ушёл, но вернулся!"),
        ("ru-number-sign", "room No. 5", "комната No. 5", "комната № 5"),
        ("ru-number-sign", "", "станция №9", "станция № 9"),
        ("ru-grouping", "100,000 people", "100,000 человек", "100\xa0000 человек"),
        ("ru-grouping", "2,243 points", "2,243 очка", "2\xa0243 очка"),
        ("ru-decimal-comma", "2.5% of all", "2.5% всех", "2,5% всех"),
        ("ru-decimal-comma", "1.5 million", "1.5 млн", "1,5 млн"),
        ("ru-look-alikes", "", "Mосква и гoрoд", "Москва и город"),
        ("ru-no-break-spaces", "", "№ 5 — дом", "№\xa05\xa0— дом"),
        ("ru-no-break-spaces", "", "А. С. Орлов жил в доме", "А.\xa0С.\xa0Орлов жил в\xa0доме"),
        ("ru-no-break-spaces", "", "и т. д., 10 000 км", "и\xa0т.\xa0д., 10\xa0000\xa0км"),
    ],
)
def test_each_rule_puts_its_own_mistake_right(
    rule: str, source: str, text: str, expected: str
) -> None:
    assert typeset(text, "ru", source, only(rule)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Кто-то из-за угла по-русски сказал: «Да».",
        "Ереван — столица, 1941–1945 гг.",
        "Матч закончился со счётом 2:1 в 10:30.",
        "Ушёл?.. Вернулся!..",
        "Он сказал: «Я читал „Зарю“».",
        "«Заря» и «Маяк» — заводы.",
        "Почта info@lur.am, сайт https://lur.am/a-b.",
        'Экран 5" и №№ 5, 6',
        "Версия 2.5, iPhone 5, T-образный, USB-кабель",
        "- пункт списка",
        'Он ушёл "навсегда',
        "",
    ],
)
def test_text_that_is_right_or_doubtful_stays(text: str) -> None:
    assert typeset(text, "ru") == text


def test_number_signs_need_the_same_number_in_the_source() -> None:
    assert typeset("тег #5 и N 7", "ru", "tag five") == "тег #5 и N 7"


def test_no_break_spaces_are_off_unless_asked_for() -> None:
    assert typeset("дом — в саду", "ru") == "дом — в саду"
    assert typeset("дом — в саду", "ru", rules=Typography.of(["ru-no-break-spaces"])) == (
        "дом\xa0— в\xa0саду"
    )
