"""Tells whether a lower-case Latin word is English, and not a term or a name of another language.

It knows the words that carry an English sentence and the endings that English builds words with.
It must not know what the answer is for, nor any other language.
"""

import re
from typing import Final

__all__ = ["is_english", "is_function_word"]

# The closed classes of the language: articles, pronouns, prepositions, conjunctions, auxiliaries,
# and the adverbs and quantifiers that go with them (Quirk et al., "A Comprehensive Grammar of the
# English Language", 1985, 2.34-2.35).
_FUNCTION_WORDS_TEXT: Final = (
    "about above across after again against all almost already also although always among an and"
    " another any anyone anything are around as at away back be because been before behind being"
    " below between both but by can cannot could did do does doing done down during each either"
    " enough even ever every everyone everything few for from further get got had has have having"
    " he her here hers herself him himself his how however if in inside instead into is it its"
    " itself just least less like many may maybe me might more most much must my myself near"
    " neither never no nobody nor not nothing now of off often on once one only onto or other"
    " others our ours out outside over own perhaps quite rather same shall she should since so some"
    " someone something sometimes soon still such than that the their them themselves then there"
    " therefore these they this those though through throughout to together too toward towards"
    " under unless until up upon us very was we well were what whatever when where whether which"
    " while who whole whom whose why will with within without would yes yet you your yours yourself"
)
_FUNCTION_WORDS: Final = frozenset(_FUNCTION_WORDS_TEXT.split())

# Common words of news and everyday prose without a telling ending.
_COMMON_WORDS_TEXT: Final = (
    "age ago air area army art asked attack bad bank began believe best better big black blue body"
    " book books born boy brother brought build built business buy call called came car care case"
    " cases cause caused center centre century change child children city close club coach come"
    " comes coming company cost countries country court crime cup cut data day days dead deal death"
    " died drive early earth east easy end energy event events face fact fall family far fast"
    " father feel felt fight film find fire first five flight flu following food found four free"
    " friend full game games gave girl give given go goal goes going gone good government great"
    " green group groups grow growth hand hands hard head health hear heard held help high hill"
    " history hit home hope hospital hours house human hundred idea job keep kept kill kind king"
    " know known land large last late later law lead leader leaders led left lens lenses letter"
    " level life light line list little live local long look lost love low made main make makes man"
    " market match matter means meet meeting member members men mile miles mind minister minute"
    " model money month months morning mother move music name names need new news next night north"
    " note number office officer officers oil old open order owner page paid part party past pay"
    " peace people person phone place plan plane plant play player players point police poor post"
    " power president press price problem public put race rain rate read real reason report"
    " reports rest result right river road rock role room rule run safe said sale save say says"
    " school sea season second see seen sell send sense sent set share ship short show shown side"
    " sign site six size small social sold son song sound south space speak speed spent spread"
    " spring staff stage star start state states stay stop storm story street strong student"
    " students study summer sun support sure system take taken talk tax team teams tell ten term"
    " test text things think third thought thousand three thus time times today told took top total"
    " town trade train travel tree trial trip true try turn two type use used user users using view"
    " visit visitors voice vote wait walk wall want war watch water way ways weather website week"
    " weeks went west white wide wife win wind winter woman women won wood word words work worker"
    " workers world worth write year years young"
)
_COMMON_WORDS: Final = frozenset(_COMMON_WORDS_TEXT.split())

# Suffixes that form English words and are rare in the foreign terms that texts quote (species,
# dishes, legal Latin): Quirk et al., appendix I. They need this much of a word before them.
_SUFFIX: Final = re.compile(
    r"[a-z]{3,40}(?:ings?|tions?|ness(?:es)?|ments?|ships?|less|ful|ful+y|ly|ed|ers|ists?|isms?"
    r"|able|ible|ably|ically|ous(?:ly)?|ities|ity|ives?|ance|ence|ate[ds]|izing|ising|ways|wards?"
    r"|hood|like|ward|ology|graphy|ographic|atic|eanic|ight|ought|ould|tch|tches)"
)


def is_english(word: str) -> bool:
    """Tell whether a lower-case word is certainly English; a doubtful one is not."""
    if word in _FUNCTION_WORDS or word in _COMMON_WORDS or word.removesuffix("s") in _COMMON_WORDS:
        return True
    return _SUFFIX.fullmatch(word) is not None


def is_function_word(word: str) -> bool:
    """Tell whether a lower-case word is of a closed class: an article, a preposition and so on."""
    return word in _FUNCTION_WORDS
