"""Makes a model's output presentable and says what is wrong with it.

Typography first, then the checks, then the glossary: what a reader will see is what is judged.
Knows no model and no request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from service.runner import ModelInfo
from service.tasks.results import Way
from service.tasks.trials import Output
from service.text import checks
from service.text.alignment import Link
from service.text.finding import Finding
from service.text.glossary import Glossary, Term, missed
from service.text.kept import hidden, shown, spots
from service.text.segment import Span
from service.text.typography import Typography, typeset

__all__ = ["Candidate", "Check", "Fidelity", "Judge"]

Check = Callable[[str, str, tuple[str, str]], list[Finding]]
"""From a sentence, its translation and their languages to what is doubtful."""

KEPT_CHANGED = 1000.0
"""Nothing else that is wrong with a translation is as bad."""

NO_GLOSSARY = Glossary()
DEFAULT_TYPOGRAPHY = Typography()


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What an operator chooses about faithful text.

    Attributes:
        typography: the typographic rules that are on.
        glossaries: by route (`en-hy`), terms for every request.
        extra_tries: how often a segment that fails a check is translated once more.
        check: finds what a translation lost.
    """

    typography: Typography = DEFAULT_TYPOGRAPHY
    glossaries: Mapping[str, Glossary] = field(default_factory=dict)
    extra_tries: int = 2
    check: Check = checks.check


@dataclass(frozen=True, slots=True)
class Candidate:
    """A translation of one segment, judged.

    Attributes:
        raw: as the model wrote it.
        text: after typography; what a reader gets.
        failures: how bad the findings are; 0 is a translation without a doubt.
        way: the extra try it comes from; None for the first.
        model: the fallback model, where it comes from there.
        links: between `raw` and the normalised sentence, where they were asked for.
    """

    raw: str
    text: str
    score: float | None
    findings: tuple[Finding, ...] = ()
    failures: float = 0.0
    way: Way | None = None
    model: ModelInfo | None = None
    links: tuple[Link, ...] = ()

    def fails(self, *codes: str) -> bool:
        """Tells whether one of these codes was found."""
        return any(finding.code in codes for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Judge:
    """The measure for one pair of languages."""

    languages: tuple[str, str]
    fidelity: Fidelity
    glossary: Glossary = NO_GLOSSARY

    def terms(self, sentence: str) -> tuple[Term, ...]:
        """Returns the terms of the glossary that the sentence uses."""
        return tuple(self.glossary.terms_in(sentence))

    def judge(
        self,
        sentence: str,
        terms: Sequence[Term],
        output: Output,
        way: Way | None = None,
        model: ModelInfo | None = None,
        kept: Sequence[Span] = (),
    ) -> Candidate:
        """Sets the type of an output and checks it against its sentence.

        Where what the sentence keeps is not in the output as it is, the sentence itself stands.
        """
        raw = sentence if output.score is None else output.text
        text = raw if output.score is None else self._typeset(raw, sentence, kept)
        lost = spots(text, sentence, kept) is None
        if lost:
            text = sentence
        forms = [*(form for term in terms for form in term.forms), *(span.text for span in kept)]
        found = [
            *_mishaps(output),
            *(_changed(span) for span in (kept if lost else ())),
            *(
                finding
                for finding in self.fidelity.check(sentence, text, self.languages)
                if not (finding.code == "untranslated" and _within(finding.value, forms))
            ),
            *(_missing(term) for term in self._missed(terms, text)),
        ]
        weight = checks.failures(found) + lost * KEPT_CHANGED
        if output.silent or lost:  # said once, and better
            found = [f for f in found if f.code != "untranslated" or not f.value]
        links = () if output.score is None or lost else output.links
        return Candidate(raw, text, output.score, tuple(found), weight, way, model, links)

    def _missed(self, terms: Sequence[Term], text: str) -> list[Term]:
        """Returns the terms of which no form is in a text, neither as listed nor with its type set.

        Else a form is missed that the typography itself wrote otherwise: `10 000` for `10,000`.
        """
        target, rules = self.languages[1], self.fidelity.typography
        absent = []
        for term in missed(terms, text):
            as_set = tuple(typeset(form, target, term.text, rules) for form in term.forms)
            if as_set == term.forms or missed([replace(term, forms=as_set)], text):
                absent.append(term)
        return absent

    def _typeset(self, raw: str, sentence: str, kept: Sequence[Span]) -> str:
        """Sets the type of all but what is kept."""
        places = spots(raw, sentence, kept) or []
        hides = places and not any("\ue000" <= sign <= "\uf8ff" for sign in raw)
        text = hidden(raw, places) if hides else raw
        text = typeset(text, self.languages[1], sentence, self.fidelity.typography)
        return shown(text, raw, places) if hides else text


def _mishaps(output: Output) -> list[Finding]:
    """What the engine itself tells of an output."""
    found = []
    if output.stopped:
        message = f"the model was stopped after {output.tokens} tokens; what follows is missing"
        found.append(Finding("too_long", str(output.tokens), message))
    if output.silent:
        message = "the model returned nothing; the source stands in its place"
        found.append(Finding("untranslated", "", message))
    return found


def _changed(span: Span) -> Finding:
    message = "this must stay as it is and did not, so the sentence is not translated"
    return Finding("kept_changed", span.text, message)


def _missing(term: Term) -> Finding:
    wanted = " or ".join(term.forms[:3])
    return Finding("glossary_missed", term.text, f"the glossary asks for {wanted}")


def _within(value: str, forms: Sequence[str]) -> bool:
    """Tells whether what looks untranslated is what the glossary asks for."""
    return any(value and value in form for form in forms)
