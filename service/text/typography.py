"""Output typography: which rules are on, and the one function that applies a language's rules.

Knows neither models nor requests; what a rule does is in the language's own module.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from service.text.armenian import RULES as ARMENIAN
from service.text.punctuation import Rule, protected
from service.text.russian import RULES as RUSSIAN

__all__ = ["CLASSICAL", "RULES", "Rule", "Typography", "typeset"]

CLASSICAL = "hy-classical"
"""Not a rule but an option: the text is in classical orthography, so its spelling is left alone."""

_BY_LANGUAGE: dict[str, tuple[Rule, ...]] = {"hy": ARMENIAN, "ru": RUSSIAN}
RULES: dict[str, Rule] = {rule.name: rule for rules in _BY_LANGUAGE.values() for rule in rules}
"""Every rule by its name, in the order in which they are applied."""

_DEFAULT = frozenset(rule.name for rule in RULES.values() if rule.default)
_NAMES = frozenset(RULES) | {CLASSICAL}
_SPELLING = frozenset({"hy-yev"})
_MAX_PASSES = 4


@dataclass(frozen=True, slots=True)
class Typography:
    """Which rules and options are on. Hashable and comparable: it may be part of a cache key."""

    on: frozenset[str] = _DEFAULT

    @classmethod
    def of(cls, changes: Iterable[str]) -> Self:
        """The default rules with changes, taken in order.

        Args:
            changes: "name" or "+name" turns a rule or an option on, "-name" turns it off, "none"
                turns everything off, "default" returns to the default. Blanks around are ignored.

        Raises:
            ValueError: names the first unknown rule.
        """
        on = set(_DEFAULT)
        for change in changes:
            name = change.strip().lower()
            if name in ("none", "default"):
                on = set(_DEFAULT) if name == "default" else set()
                continue
            bare = name.removeprefix("-") if name.startswith("-") else name.removeprefix("+")
            if bare not in _NAMES:
                raise ValueError(f"unknown typography rule: {bare!r}")
            (on.discard if name.startswith("-") else on.add)(bare)
        return cls(frozenset(on))

    def applies(self, rule: str) -> bool:
        """Whether a rule is to be applied."""
        return rule in self.on and not (rule in _SPELLING and CLASSICAL in self.on)


def typeset(text: str, language: str, source: str = "", rules: Typography = Typography()) -> str:
    """A machine translation with the signs its language is printed with.

    Args:
        text: a sentence or a document in `language`.
        language: a language tag; only its first part counts. Other languages than "hy" and "ru"
            come back unchanged.
        source: what the text was translated from (English), where known: some rules need it to be
            certain and rest without it.
        rules: which rules are on.

    Returns:
        The text; the same text again when it is given back with the same source and rules. Web and
        e-mail addresses, handles, tags and smileys are never touched, digits never change, and
        nothing is raised for any string. The time is linear in the lengths of both texts.
    """
    chosen = _BY_LANGUAGE.get(language.lower().replace("_", "-").split("-")[0], ())
    steps = [rule for rule in chosen if rules.applies(rule.name)]
    if not steps or text.isspace():
        return text

    def once(before: str) -> str:
        for step in steps:
            before = step.apply(before, source)
        return before

    for _ in range(_MAX_PASSES):
        after = protected(text, once)
        if after == text:
            break
        text = after
    return text
