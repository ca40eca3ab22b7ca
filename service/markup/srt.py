"""Subtitles (SubRip): the text of the cues; their numbers, times and places stay as they are.

A sentence that runs over several cues is translated as one, and its translation is dealt out again
over the same cues, in the measure of what each said and at the ends of words. A cue is set in as
many lines as before, or in two where one would be too long.

Lines are read one by one. The package `srt` reads the same files, with regular expressions whose
time grows with the cube of a run of digits; a test compares the two on files that are meant well.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from service.errors import UnreadableDocument
from service.markup.blocks import Block, Mark
from service.markup.srt_writing import Cut, dealt
from service.markup.weave import NO_PARENT

__all__ = ["SRTMarkup"]

MAX_CUES = 5
"""So many cues a sentence may run over."""

MAX_GAP_MS = 2000
"""After a longer pause something else is said."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TIME = r"(\d{1,3}):(\d{1,2}):(\d{1,2})(?:[,.:](\d{1,3}))?"
_TIMES = re.compile(rf"\s{{0,9}}{_TIME}\s{{0,9}}-->\s{{0,9}}{_TIME}(?!\d)")
_NUMBER = re.compile(r"\s{0,9}-?\d{1,9}\s{0,9}")
_TAG = re.compile(r"<(/?)(b|i|u|s|font)\b[^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}", re.IGNORECASE)
_END = re.compile(r"[.!?…:;։՞՜♪\])][\"”’'»\])]*$")
_ALONE = re.compile(r"[-–—‐]|[\[(♪#]")
"""What begins the words of another speaker, or what is no speech."""


@dataclass(slots=True)
class Cue:
    """A cue of the file: what it says is `text[start:end]`."""

    begins_ms: int
    ends_ms: int
    start: int
    end: int


@dataclass(slots=True)
class _Speech:
    """What one or several cues say.

    Attributes:
        cuts: for each cue what it says of the text, and how.
        tags: for each mark what opens and what closes it.
        open: the marks that have begun and not ended.
    """

    cues: list[Cue]
    cuts: list[Cut] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    open: list[int] = field(default_factory=list)

    @property
    def block(self) -> Block:
        """The words and their marks."""
        places = (*self.places, self.cues[-1].end)
        return Block("".join(self.text), tuple(self.marks), places)

    def say(self, character: str, place: int) -> None:
        """Adds a character; of several spaces only the first."""
        if character != " " or (self.text and self.text[-1] not in " \n"):
            self.text.append(character)
            self.places.append(place)

    def begin(self, tag: str) -> None:
        """Opens a mark, or once more one that has ended with the cue before."""
        at = len(self.text)
        last = len(self.marks) - 1
        if last >= 0 and self.tags[last][0] == tag and not self.open:
            between = self.text[self.marks[last].end :]
            if between == [" "] and self.marks[last].start < at - 1 and self.tags[last][1]:
                self.open.append(last)
                return
        self.parents.append(self.open[-1] if self.open else NO_PARENT)
        self.open.append(len(self.marks))
        self.marks.append(Mark(at, at))
        self.tags.append((tag, ""))

    def finish(self, tag: str = "") -> None:
        """Closes the mark that was opened last."""
        index = self.open.pop()
        self.marks[index] = Mark(self.marks[index].start, len(self.text))
        self.tags[index] = (self.tags[index][0], tag)


class SRTMarkup:
    """A file of subtitles.

    Raises:
        UnreadableDocument: there is no cue, or something before the first one.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._break = "\r\n" if "\r\n" in text else "\n"
        self._speeches = [
            speech
            for cues in _together(list(_cues(text)), text)
            if any(map(str.isalpha, (speech := _speech(cues, text)).block.text))
        ]
        self._blocks = [speech.block for speech in self._speeches]

    @property
    def blocks(self) -> Sequence[Block]:
        """What is said, in the order of the file."""
        return self._blocks

    def rebuilt(self, blocks: Sequence[Block]) -> bytes:
        """Returns the file with other words in it.

        Raises:
            ValueError: there are not as many blocks or marks as there were.
        """
        parts: list[str] = []
        position = 0
        for speech, old, new in zip(self._speeches, self._blocks, blocks, strict=True):
            if new.text == old.text and new.marks == old.marks:
                continue
            dealt_out = dealt(new, speech.parents, speech.tags, speech.cuts)
            for cue, said in zip(speech.cues, dealt_out, strict=True):
                parts += (self._text[position : cue.start], said.replace("\n", self._break))
                position = cue.end
        return "".join([*parts, self._text[position:]]).encode("utf-8", "surrogatepass")


def _cues(text: str) -> Iterator[Cue]:
    """Yields the cues; empty lines around what they say are not theirs."""
    lines = [(found.start(), found.group()) for found in _LINE.finditer(text)]
    heads = [index for index, (_, line) in enumerate(lines) if _TIMES.match(line)]
    if not heads:
        raise UnreadableDocument("has no line of times like 00:00:01,000 --> 00:00:02,500")
    begins = [index - (index > 0 and _is_number(lines[index - 1][1])) for index in heads]
    for number, (_, line) in enumerate(lines[: begins[0]], 1):
        if line.strip():
            raise UnreadableDocument(f"has in line {number} neither a number nor times of a cue")
    for head, until in zip(heads, [*begins[1:], len(lines)], strict=True):
        own = lines[head + 1 : until]
        while own and not own[-1][1].strip():
            own.pop()
        while own and not own[0][1].strip():
            own.pop(0)
        if own:
            times = _TIMES.match(lines[head][1])
            assert times is not None
            end = own[-1][0] + len(own[-1][1].rstrip("\r\n"))
            yield Cue(_ms(*times.groups()[:4]), _ms(*times.groups()[4:]), own[0][0], end)


def _is_number(line: str) -> bool:
    return _NUMBER.fullmatch(line) is not None


def _ms(hours: str, minutes: str, seconds: str, fraction: str | None) -> int:
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))


def _together(cues: list[Cue], text: str) -> Iterator[list[Cue]]:
    """Yields the cues that say one sentence; by itself each that is not part of one."""
    plain = [_TAG.sub("", text[cue.start : cue.end]).strip() for cue in cues]

    def last_of(first: int, *, lower: bool) -> int:
        """The last of the cues that go on from the first one; `lower`: as small letters show."""
        last = first
        for following in range(first + 1, min(len(cues), first + MAX_CUES)):
            gap_ms = cues[following].begins_ms - cues[last].ends_ms
            if (
                _END.search(plain[last][-9:])
                or not 0 <= gap_ms <= MAX_GAP_MS
                or _is_apart(plain[last])
                or _is_apart(plain[following])
                or (lower and not plain[following][:1].islower())
            ):
                break
            last = following
        return last

    first = 0
    while first < len(cues):
        last = last_of(first, lower=False)
        if not _END.search(plain[last][-9:]):
            last = last_of(first, lower=True)
        yield cues[first : last + 1]
        first = last + 1


def _is_apart(plain: str) -> bool:
    """Whether the words of a cue are not the stretch of one sentence."""
    return any(_ALONE.match(line) for line in plain.splitlines())


def _speech(cues: list[Cue], text: str) -> _Speech:
    """Reads what cues say, with their lines as far as they are no lines by chance."""
    speech = _Speech(cues)
    for number, cue in enumerate(cues):
        if number:
            speech.say(" ", cues[number - 1].end)
        start, before = len(speech.text), ""
        raw = text[cue.start : cue.end]
        lines = _TAG.sub("", raw).split("\n")
        line = position = 0
        while position < len(raw):
            place, character = cue.start + position, raw[position]
            found = _TAG.match(raw, position) if character in "<{" else None
            position += len(found.group()) if found else 1
            if found and len(speech.text) == start and not found[2]:
                before += found.group()
            elif found:
                _tag(speech, found)
            elif character == "\n":
                line += 1
                speech.say("\n" if _stays(lines[line - 1 : line + 1]) else " ", place)
            elif character != "\r":
                speech.say(character, place)
        while speech.open:
            speech.finish()
        longest = max(map(len, lines))
        speech.cuts.append(Cut(start, len(speech.text), len(lines), longest, before))
    return speech


def _stays(lines: list[str]) -> bool:
    """Whether the break between two lines means something."""
    apart = [_ALONE.match(line.strip()) for line in lines]
    return apart[-1] is not None or (apart[0] is not None and lines[0].strip()[0] in "[(♪#")


def _tag(speech: _Speech, found: re.Match[str]) -> None:
    if found[2] and not found[1]:
        speech.begin(found.group())
        return
    name = f"<{found[2]}".lower() if found[2] else ""
    if name and speech.open and speech.tags[speech.open[-1]][0].lower().startswith(name):
        speech.finish(found.group())
    else:
        speech.begin(found.group())
        speech.finish()
