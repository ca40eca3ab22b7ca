"""Knows the origins of the parallel text: licence, how far each is taken, how often it is seen."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["NAMES", "ORIGINS", "Origin"]

NAMES = "names"
"""The origin of names that were found in another one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin of parallel text.

    Attributes:
        license: as its publisher says.
        most: at most so many pairs are taken, those first that are most like news.
        repeats: how often a pair is seen for each time that the others are.
        prose: whether it is of the kind that is to be translated; the others are judged by it.
        least_words: shorter English is left out.
        names: whether names are looked for among its pairs that are left out.
    """

    license: str
    most: int
    repeats: int = 1
    prose: bool = False
    least_words: int = 6
    names: bool = False


_DOCUMENTATION = "free: CC-BY, GPL, MPL or BSD"
_INTERFACE = "free: MPL, BSD, Apache or GPL"

ORIGINS: Mapping[str, Origin] = {
    "wmt-newstest": Origin("for research", 100_000, repeats=3, prose=True, least_words=3),
    "tico19": Origin("CC0-1.0", 10_000, repeats=2, prose=True, least_words=3),
    "tatoeba-test": Origin("CC-BY-2.0", 100_000, prose=True, least_words=4),
    "mozilla-org": Origin(_INTERFACE, 3_000, prose=True),
    "bible": Origin("public domain", 4_000, least_words=8),
    NAMES: Origin("as the origin that they were found in", 30_000, repeats=3, least_words=1),
    "debian-mo": Origin("mostly GPL", 45_000, least_words=8, names=True),
    "debian-ddtp": Origin(_DOCUMENTATION, 6_000),
    "debian-source-po": Origin(_DOCUMENTATION, 6_000, least_words=8),
    "gnome-user-docs": Origin(_DOCUMENTATION, 3_000),
    "libreoffice-help": Origin(_DOCUMENTATION, 4_000),
    "php-docs": Origin(_DOCUMENTATION, 8_000),
    "tech-docs": Origin(_DOCUMENTATION, 10_000),
    "tarantool-docs": Origin(_DOCUMENTATION, 4_000),
    "nginx-docs": Origin(_DOCUMENTATION, 1_000),
    "discourse": Origin(_INTERFACE, 3_000),
    "mediawiki": Origin(_INTERFACE, 2_000),
    "mediawiki-ext": Origin(_INTERFACE, 2_000),
    "mozilla-langpacks": Origin(_INTERFACE, 2_000),
    "chromium": Origin(_INTERFACE, 2_000),
    "chromium-xtb": Origin(_INTERFACE, 2_000),
    "android": Origin(_INTERFACE, 2_000),
    "appstream-dep11": Origin(_INTERFACE, 1_500),
    "json-l10n": Origin(_INTERFACE, 1_000),
    "kodi": Origin(_INTERFACE, 1_000),
}
