"""What a translation leaves in the letters or words of its source, and what it may leave."""

import pytest

from service.text.checks.english import is_english, is_function_word
from service.text.checks.scripts import untranslated

KEPT = [
    ("The JAS 39C Gripen crashed at 0230 UTC.", "JAS 39C Gripen-ը կործանվեց 02:30-ին (UTC)։"),
    ("NBA players use wifi.", "NBAի խաղացողներն օգտվում են Wi-Fi-ից։"),
    ("World War II ended.", "Երկրորդ աշխարհամարտն ավարտվեց XX դարում։"),
    ("The species Salmo trutta lives here.", "Այստեղ ապրում է Salmo trutta տեսակը։"),
    ("She played in “Gone with the Wind”.", "Նա խաղացել է «Gone with the Wind» ֆիլմում։"),
    ("Bank of America and Save the Children", "Bank of America-ն և Save the Children-ը"),
    ("The word “overscan” is rare.", "«overscan» բառը հազվադեպ է։"),
    ("Grown in vitro at 5 miles.", "Աճեցվել է in vitro 8 km հեռավորության վրա։"),
    ("The cella of the temple", "Տաճարի cella-ն"),
    ("The angle alpha", "α անկյունը"),
    ("Set max_size in {NAME}.", "Սահմանեք max_size արժեքը {NAME}-ում։"),
    ("See https://example.org/is/that", "Տես https://example.org/is/that"),
    ("Rock’n’roll & B&B", "B&amp;B-ն"),
    ("Fleda and Apple's iPhones", "Fléda-ն և Apple-ի iPhone-ը"),
    ("Слово Россия is Russian", "Россия բառը"),
    ("Boeing", "Boeing"),
]


@pytest.mark.parametrize(("source", "target"), KEPT)
def test_names_codes_units_titles_and_terms_may_stay(source: str, target: str) -> None:
    assert untranslated(source, target, "hy") == []


LEFT = [
    ("He likes zoom lenses a lot.", "Նա սիրում է zoom lenses։", "hy", "zoom lenses"),
    ("It can detect a routine fire.", "Այն ռոutine հրդեհ է։", "hy", "ռոutine"),
    ("He speaks well.", "Նա խոսում է хорошо։", "hy", "хорошо"),
    ("The desert is hot.", "Անապատը صحر է։", "hy", "صحر"),
    ("The homeland", "hայրենիք", "hy", "hայրենիք"),
    ("Stardust flew home.", "Stenardust-ը տուն թռավ։", "hy", "Stenardust"),
    ("He said that he was tired.", "Նա said that he հոգնած էր։", "hy", "said that he"),
    ("Prices of US dollars rose.", "Գները of US dollars բարձրացան։", "hy", "of US dollars"),
    ("John was in Paris.", "John was in Paris քաղաքում։", "hy", "John was in Paris"),
    ("POLICE STOP THE MARCH", "POLICE STOP THE MARCH երեկ", "hy", "POLICE STOP THE MARCH"),
    ("The families came.", "Cемьи пришли.", "ru", "Cемьи"),
    ("The new rules apply.", "Новые rules действуют.", "ru", "rules"),
    ("It is a very good day.", "It is a very good day.", "hy", "It is a very good day."),
    ("It is a very good day.", "It is a very good day.", "fr", "It is a very good day."),
    ("What is he doing now?", "2024", "ru", "2024"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "target", "language", "value"), LEFT)
def test_what_was_left_over_is_found(source: str, target: str, language: str, value: str) -> None:
    assert untranslated(source, target, language) == [value]


def test_a_scrap_is_told_once_and_other_languages_keep_their_words() -> None:
    assert untranslated("The socket", "սոcket և սոcket", "hy") == ["սոcket"]
    assert untranslated("The menu is here.", "Le menu est here.", "fr") == []


def test_english_is_told_from_the_terms_of_other_languages() -> None:
    assert all(map(is_english, ["the", "which", "lenses", "transoceanic", "capable", "quickly"]))
    assert not any(map(is_english, ["cella", "vidde", "trutta", "vitro", "iphone"]))
    assert is_function_word("which")
    assert not is_function_word("lenses")
