"""What becomes of one output of a model before anybody sees it."""

import pytest

from service.tasks.judge import Candidate, Fidelity, Judge
from service.tasks.trials import Output
from service.text.glossary import Glossary
from service.text.typography import Typography


def judged(sentence: str, said: str, glossary: dict[str, str], *typography: str) -> Candidate:
    fidelity = Fidelity(Typography.of(typography), check=lambda *_: [])
    judge = Judge(("en", "hy"), fidelity, Glossary.of(glossary))
    return judge.judge(sentence, judge.terms(sentence), Output(said, -0.1, 1, False, False))


LAKES = {"10,000 Lakes": "10,000 լիճ"}


@pytest.mark.parametrize(
    ("glossary", "sentence", "said", "shown"),
    [
        (LAKES, "Go to 10,000 Lakes now.", "Գնացեք 10,000 լիճ հիմա:", "Գնացեք 10\xa0000 լիճ հիմա։"),
        (LAKES, "Go to 10,000 Lakes now.", "Գնացեք 10 000 լիճ հիմա:", "Գնացեք 10 000 լիճ հիմա։"),
        ({"Wait...": "Սպասիր..."}, "“Wait...” is it.", "«Սպասիր...» երգ է:", "«Սպասիր…» երգ է։"),
        ({"the \"Well\"": "\"Եւ լավ\""}, "In the “Well”.", "\"Եւ լավ\"-ում:", "«Եվ լավ»-ում։"),
        ({"Mr. Poe": "Պրն. Պո"}, "Mr. Poe met Dr. Jones.", "Պրն. Պոն տեսավ:", "Պրն. Պոն տեսավ։"),
    ],
)  # fmt: skip
def test_a_term_is_found_though_its_type_is_set(
    glossary: dict[str, str], sentence: str, said: str, shown: str
) -> None:
    candidate = judged(sentence, said, glossary)
    assert (candidate.text, candidate.findings) == (shown, ())


@pytest.mark.parametrize("said", ["Գնացեք 10,001 լիճ հիմա:", "Գնացեք 10,000 ծով հիմա:"])
def test_another_number_or_word_is_not_the_term(said: str) -> None:
    (finding,) = judged("Go to 10,000 Lakes now.", said, LAKES).findings
    assert (finding.code, finding.value) == ("glossary_missed", "10,000 Lakes")
    assert finding.message == "the glossary asks for 10,000 լիճ"


def test_a_form_that_is_not_set_is_looked_for_as_it_is_listed() -> None:
    said = "Գնացեք 10 000 լիճ հիմա:"
    (finding,) = judged("Go to 10,000 Lakes now.", said, LAKES, "none").findings
    assert finding.code == "glossary_missed"
    assert judged("Go to 10,000 Lakes now.", "10,000 լիճ", LAKES, "none").findings == ()
