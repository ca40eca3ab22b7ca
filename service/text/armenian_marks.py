"""The Armenian marks that stand on a vowel: question ՞, exclamation ՜, stress ՛.

Source of the places: the Language Committee of Armenia, D. Gyurjinyan, "Difficulties in using the
question mark" (langcom.am): on the vowel of the last syllable; before the ending -երորդ; in մի՞թե
on the first; never on the article ը; between the halves of ու. Knows nothing of the other signs.
"""

import re
from collections.abc import Iterator

__all__ = ["ask", "exclaim", "marked", "on_vowel"]

_LETTER = "Ա-Ֆա-և"
_VOWEL = re.compile(r"[Ոո](?=[ւՒ])|[ԱԵԷԸԻՈՕաեէըիոօև]")
_WORD = re.compile(rf"[{_LETTER}]++(?:-[{_LETTER}]++)*+")
_LATE = re.compile(rf"(?<![{_LETTER}՞՜՛])([{_LETTER}]{{1,40}}+)([՞՜՛])(?![{_LETTER}])")
_SPLIT_OU = re.compile(r"([Ոո])([ւՒ])([՞՜՛])")
_QUESTION = re.compile(r"\?(?=[:։]?[»\"”]?[:։,.]?(?:\s|$))")
_BANG = re.compile(r"!(?=[:։]?(?:\s|$))")
_CLAUSE_START = re.compile(r"(?<!\d)[:։]|[:։](?!\d)|[?!…«“\"\n]|\. ")
_ASKING = frozenset(
    (
        "ով",
        "ովքեր",
        "ում",
        "ումից",
        "ումով",
        "ինչ",
        "ինչի",
        "ինչից",
        "ինչով",
        "ինչում",
        "ինչեր",
        "ինչու",
        "ինչպես",
        "ինչպիսի",
        "ինչպիսին",
        "ինչքան",
        "ինչքանով",
        "որքան",
        "որքանով",
        "որչափ",
        "որպիսի",
        "որտեղ",
        "որտեղից",
        "ուր",
        "երբ",
        "երբվանից",
        "երբվա",
        "քանի",
        "քանիսը",
        "քանիսին",
        "քանիսից",
        "քանիերորդ",
        "որերորդ",
        "արդյոք",
        "միթե",
    )
)
_ASKING_FIRST = frozenset(("որն", "որը", "որոնք"))
_NOT_AFTER = {
    "քանի": {"մի"}, "ինչ": {"ամեն", "ոչ", "այն", "մի"}, "ով": {"ամեն", "նա"}, "որտեղ": {"այնտեղ"},
    "ինչպես": {"այնպես"}, "երբ": {"այն"}, "ուր": {"ամեն"},
}  # fmt: skip
_NOT_BEFORE = frozenset(("որ", "նաև", "նաեւ", "և", "եւ", "էլ", "իմիջիայլոց"))
_EMBEDS = frozenset(("թե", "եթե", "չգիտեմ"))
_EXCLAIMING = frozenset(("ինչ", "ինչպիսի", "ինչքան", "որքան", "ինչպես"))
_CALLS = {
    "այո": "այո՛", "ոչ": "ո՛չ", "ուռա": "ուռա՜", "ավաղ": "ավա՜ղ", "վայ": "վա՜յ", "ախ": "ա՜խ",
    "օհ": "օ՜հ", "օ": "օ՜", "հեյ": "հե՜յ", "երանի": "երանի՜", "բրավո": "բրավո՜", "կեցցե": "կեցցե՛",
    "ստոպ": "ստո՛պ", "բարև": "բարև՛", "շնորհակալություն": "շնորհակալությո՛ւն",
}  # fmt: skip


def marked(word: str, mark: str) -> str:
    """The word with a mark on its stressed vowel; the same where it has no vowel, or a mark."""
    if any(sign in word for sign in "՞՜՛"):
        return word
    lower = word.lower()
    if lower == "միթե":
        return word[:2] + mark + word[2:]
    end = len(word)
    stem = re.search(r"(?<=.)երորդ[ա-և]{0,8}$", lower)
    if stem and _VOWEL.search(word, 0, stem.start()):
        end = stem.start()
    places = [found.end() for found in _VOWEL.finditer(word, 0, end)]
    if len(places) > 1 and lower.endswith(("ը", "ըն")) and places[-1] >= len(word.rstrip("ն")):
        places.pop()
    return word[: places[-1]] + mark + word[places[-1] :] if places else word


def on_vowel(text: str, source: str) -> str:
    """Move a mark written behind a word's last consonant, or behind ու, onto its vowel."""
    del source

    def move(found: re.Match[str]) -> str:
        word, mark = found[1], found[2]
        if word[-1] in "աեէըիոօևԱԵԷԸԻՈՕ" and not word.endswith("երորդ"):
            return found[0]
        return marked(word, mark) if _VOWEL.search(word) else found[0]

    return _LATE.sub(move, _SPLIT_OU.sub(r"\1\3\2", text))


def ask(text: str, source: str) -> str:
    """Turn "?" into ՞ on the asking word and a full stop, where only one word can be meant.

    That is where the question already has its ՞, or where exactly one interrogative stands in a
    question without subordinate clauses. Every other "?" stays: a wrong ՞ changes the question.
    """
    del source
    parts: list[str] = []
    done = 0
    for start, end in _clauses(text, _QUESTION):
        clause = text[start:end]
        asked = clause if "՞" in clause else _asked(clause)
        if asked is None:
            continue
        parts.append(text[done:start] + asked + _stop(text[end + 1 : end + 3]))
        done = end + 1
    return "".join(parts) + text[done:]


def _clauses(text: str, mark: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where each clause that ends in `mark` begins, and where the mark is; one walk."""
    borders = _CLAUSE_START.finditer(text)
    border = next(borders, None)
    start = 0
    for found in mark.finditer(text):
        while border is not None and border.end() <= found.start():
            start = border.end()
            border = next(borders, None)
        yield start, found.start()


def _stop(rest: str) -> str:
    """The full stop in the place of a "?" or "!", unless one follows already."""
    if rest[:1] in ("»", "”", '"'):
        rest = rest[1:]
        return "" if rest[:1] in ("։", ":", ",", ".") else "։"
    return "" if rest[:1] in ("։", ":") else "։"


def _asked(clause: str) -> str | None:
    words = list(_WORD.finditer(clause[:600]))
    if len(clause) > 600 or not words:
        return None
    names = [found[0].lower() for found in words]
    if _EMBEDS.intersection(names):
        return None
    hits = [
        i
        for i, name in enumerate(names)
        if (name in _ASKING or (i == 0 and name in _ASKING_FIRST))
        and not (i and names[i - 1] in _NOT_AFTER.get(name, ()))
        and not (i + 1 < len(names) and names[i + 1] in _NOT_BEFORE)
    ]
    if len(hits) != 1:
        return None
    word = words[hits[0]]
    if "," in clause[word.start() :] or "," in clause[: word.start()] or "՝" in clause:
        return None
    return clause[: word.start()] + marked(word[0], "՞") + clause[word.end() :]


def exclaim(text: str, source: str) -> str:
    """Turn "!" into ՜ or ՛ and a full stop where the word that bears it is certain.

    That is a one-word call (Այո՛, Ո՛չ, Վա՜յ) and a sentence that begins with an exclaiming word
    (Ի՜նչ, Որքա՜ն). Every other "!" stays.
    """
    del source
    parts: list[str] = []
    done = 0
    for start, end in _clauses(text, _BANG):
        called = _called(text[start:end])
        if called is not None:
            parts.append(text[done:start] + called + _stop(text[end + 1 : end + 3]))
            done = end + 1
    return "".join(parts) + text[done:]


def _called(clause: str) -> str | None:
    if len(clause) > 200:
        return None
    body = clause.strip()
    lead = clause[: len(clause) - len(clause.lstrip())]
    call = _CALLS.get(body.lower())
    if call is not None:
        return lead + body[0] + call[1:]
    first = _WORD.match(body)
    if first and first[0].lower() in _EXCLAIMING and "," not in body and "՜" not in body:
        return lead + marked(first[0], "՜") + body[first.end() :]
    return None
