import pytest

from service.models.languages import code_of, language_name


@pytest.mark.parametrize(
    ("said", "code"),
    [
        *(("hy", "hy"), ("HY", "hy"), ("hy_AM", "hy"), ("hye_Armn", "hy"), ("arm", "hy")),
        *(("en_XX", "en"), ("eng_Latn", "en"), ("en-US", "en"), ("rus_Cyrl", "ru")),
        *(("arb_Arab", "ar"), ("zho_Hans", "zh"), ("deu", "de")),
        *(("xx", "xx"), ("xyz_Latn", "xyz"), ("", "")),
    ],
)
def test_a_language_has_one_code_however_a_checkpoint_spells_it(said: str, code: str) -> None:
    assert code_of(said) == code


def test_a_language_without_a_name_is_called_by_its_code() -> None:
    assert (language_name("hy"), language_name("xx")) == ("Armenian", "xx")
