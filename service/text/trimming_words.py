"""The English words that `trimming` goes by. Knows no sentence."""

from typing import Final

__all__ = ["APPOSITIONS", "CLAUSE_ENDERS", "DANGLING", "ENDERS", "FINITE", "SUBORDINATORS"]

# Auxiliaries and the irregular past forms that news is told with; regular ones end in -ed.
_FINITE_TEXT: Final = (
    "is are was were has have had will would can could may might must shall should do does did"
    " says said told took made won lost fell rose went came became began held kept left led met"
    " paid ran saw sent sold spent stood struck thought wrote drew grew gave got found felt"
    " built bought brought broke chose drove flew forgot froze heard hid knew lay lent lit meant"
    " rode sang sank sat shook shot showed slept slid spoke sought taught threw tore understood"
    " wore plans wants costs remains"
)
FINITE: Final = frozenset(_FINITE_TEXT.split())

# What begins a clause that cannot stand alone (Quirk et al. 1985, 14.12).
_SUBORDINATORS_TEXT: Final = (
    "who which that whose whom where when while if because after before since although though"
    " until unless as what how why whether once with having"
)
SUBORDINATORS: Final = frozenset(_SUBORDINATORS_TEXT.split())

# What may begin an ending that is left out behind a comma.
_ENDERS_TEXT: Final = (
    "who which whose where while after before because since as with and a an the its his her"
    " their in at on for from by near including along aged about up down following despite amid"
    " during under over compared thanks to"
)
ENDERS: Final = frozenset(_ENDERS_TEXT.split())

# Those of them that begin a clause.
_CLAUSE_ENDERS_TEXT: Final = "who which whose where while after before because since as and"
CLAUSE_ENDERS: Final = frozenset(_CLAUSE_ENDERS_TEXT.split())

# What may begin an explanation between two commas.
_APPOSITIONS_TEXT: Final = "who which whose where a an the aged its his her their"
APPOSITIONS: Final = frozenset(_APPOSITIONS_TEXT.split())

# No sentence ends with these.
_DANGLING_TEXT: Final = (
    "a an the and or but of in at on to for from by with as than that which who whose his her"
    " its their this these those be been is are was were has have had will would can could may"
    " might must should not very more most about into over under between during after before"
    " said says told"
)
DANGLING: Final = frozenset(_DANGLING_TEXT.split())
