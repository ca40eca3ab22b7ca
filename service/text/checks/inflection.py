"""Takes Armenian and Russian words back to what their forms share, and knows the words of grammar.

A light stemmer: enough to see that two forms are of one word, not to look a word up. It must not
know sentences, nor what a word means.
"""

import re
from functools import lru_cache
from typing import Final

__all__ = ["is_grammatical", "may_be_doubled", "stem"]

_MIN_STEM: Final = 4

# Eastern Armenian declension, in the order the endings are added: plural, case, article or
# possessive (Dum-Tragut, "Armenian: Modern Eastern Armenian", 2009, 2.1). A full stem stays.
_ARMENIAN_ENDINGS: Final = (
    re.compile("[ընսդ]$"),
    re.compile("(?:ից|ով|ում|ուց|յի|վա|ի|ու)$"),
    re.compile("(?:ներ|եր)$"),
)

# Russian noun, adjective and pronoun endings (Porter's Snowball stemmer for Russian, groups
# ADJECTIVE and NOUN); the longest that leaves a full stem goes.
_RUSSIAN_ENDINGS: Final = re.compile(
    "(?<=....)(?:иями|ями|ами|ией|иям|ием|иях|ого|его|ому|ему|ыми|ими|ах|ях|ов|ев|ей|ий|ый|ой|ая|яя"
    "|ое|ее|ые|ие|ую|юю|ом|ем|ам|ям|ых|их|ым|им|ия|ии|ию|ье|ья|ью|а|я|о|е|ы|и|у|ю|ь|й)$"
)

# Pronouns, conjunctions, particles, auxiliaries and adverbs of grammar long enough to be mistaken
# for words with a meaning of their own.
_GRAMMATICAL_TEXT: Final = (
    "այդպես այդպիսի այլեւս այնպես այնպիսի այնտեղ այսպես այսպիսի այստեղ ավելի առանց առաջ առավել"
    " արդեն բայց բացի բոլոր բոլորը գուցե դեպի դրանից դրանով դրանց դրանցից դրանք եթե ենթադրաբար"
    " երբեմն երբեք զուգահեռ ըստ թեեւ թերեւս իհարկե իրականում իրեն իրենից իրենց իրենք իսկապես ինչից"
    " ինչով ինչպես ինչպիսի ինչպիսիք ինչու ինքն ինքը կամ կապված կարելի կարող կարողանա կարողացել"
    " կարողացավ կարծես կողմից կրկին համար համարյա հազիվ հաճախ հատկապես հետագա հետեւ հետեւյալ հետո"
    " հիմա հիմնականում հնարավոր հույժ մասին մեջ մեջտեղ միայն միասին միգուցե մինչ մինչեւ մինչդեռ"
    " միշտ միջեւ միջոցով մյուս մյուսը մոտավորապես նախքան նաեւ նմանապես նման նույն նույնիսկ"
    " նույնպես նրան նրանից նրանով նրանց նրանցից նրանք շատերը շնորհիվ ոմանք ոչինչ ոչ որեւէ որը որից"
    " որով որոնց որոնցից որոնցով որոնք որոշ որոշակի որովհետեւ որպես որպեսզի որտեղ որքան ուղղակի"
    " ունեն ունենա ունենալ ունենալու ունեցող ունի չէին պատճառով պարզապես պետք սակայն սրանք"
    " վերաբերյալ վրա տարբեր տարի տակ ցանկացած քանի քանզի փոխարեն օրինակ եղել եղավ լինել լինելու"
    " լինեն լինի լինում հանդիսանում դառնալ դարձել դարձավ հանդեպ ընթացքում ժամանակ ժամանակի"
    " благодаря более больше будет будто будут будучи бывает было были была вместе вместо вообще"
    " впрочем всегда всего всеми вследствие второй где даже действительно для должен должна должно"
    " должны другие других другого другой другом другому едва если затем здесь зато именно имеет"
    " иметь имеют иначе иногда каждая каждого каждой каждом каждому каждые каждый какая какие"
    " каким какого какой каком какому конечно котора которая которого которое которой котором"
    " которому которую которые который которым которыми которых кроме лишь любая любого любой"
    " любые любых между менее меньше могла могли многие многих много может можно могут находится"
    " находятся наиболее например наконец насколько насчет неё него несмотря несколько нескольких"
    " нельзя нет никогда ничего нужно обычно однако около опять особенно отношении очень перед"
    " пока поскольку после посредством потом потому почему почти поэтому прежде просто против"
    " разве самая самого самое самой самом самые самый самых своего своей своем своему своём"
    " своими своих свои своим свою скорее слишком снова собой совсем согласно также такая такие"
    " таким такими таких такого такое такой таком такому такую твоей теперь тогда того тоже только"
    " точно туда уже через хотя часто чаще чего чтобы этим этими этих этого этой этом этому"
    " является являются одна одни одним одного одной одном одному течение время"
)
_GRAMMATICAL: Final = frozenset(_GRAMMATICAL_TEXT.split())

# Words that either language doubles for effect or to say "one after the other", and pronouns and
# conjunctions of which two may meet (`այն այն բանն է`, `сказал, что что-то`).
_DOUBLED_TEXT: Final = (
    "կամաց հերթ կողք երես տեսակ մանր բազում հազար հազարավոր ավելի նորից կրկին դարձյալ շուտ հատիկ"
    " փոքր տարբեր առանձին ժամանակ այն այդ այս դա նա որ ով ինչ մեկ մի քիչ շատ մեծ լավ ոչ այո հա օր"
    " տուն տեղ դեմ դուք մենք նրանք ես դու"
    " очень много долго давно далеко едва только больше дальше тысячи снова вновь опять быстро еле"
    " чуть тихо скоро скорее никогда конечно годы часы разные совсем всего просто ещё меньше то что"
    " все всё как так вот ну да нет его её их это где кто раз год ой ха"
)
_DOUBLED: Final = frozenset(_DOUBLED_TEXT.split())


_REMEMBERED_CHARACTERS: Final = 32


def stem(word: str, language: str) -> str:
    """Return what the forms of a lower-case word share; other languages than hy, ru: the word."""
    cut = _remembered if len(word) <= _REMEMBERED_CHARACTERS else _cut
    return cut(word, language)


@lru_cache(maxsize=8192)
def _remembered(word: str, language: str) -> str:
    return _cut(word, language)


def _cut(word: str, language: str) -> str:
    if language == "hy":
        for ending in _ARMENIAN_ENDINGS:
            shorter = ending.sub("", word)
            if len(shorter) >= _MIN_STEM:
                word = shorter
        return word
    if language == "ru":
        return _RUSSIAN_ENDINGS.sub("", word)
    return word


def is_grammatical(word: str) -> bool:
    """Tell whether a lower-case Armenian (`եւ` for `և`) or Russian word serves grammar only."""
    return word in _GRAMMATICAL


def may_be_doubled(word: str) -> bool:
    """Tell whether good Armenian or Russian may write this lower-case word twice in a row."""
    return word in _DOUBLED
