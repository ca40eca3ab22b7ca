"""Everything that the Python client does, one thing after the other: read it, then run it.

    lur serve --profile bundled      # in another terminal; `lur serve` alone takes the true models
    python examples/tutorial.py

The address of another service may be in LUR_SERVER, its key in LUR_KEY. The bundled translator into
Armenian knows a tiny language only, which the texts below are written in; true models translate all
of English.
"""

import asyncio
import os
import tempfile
from contextlib import closing
from pathlib import Path

from service.answers import ModelEvent, SegmentEvent, SentenceEvent
from service.client import AsyncLur, Lur, LurError

SERVER = os.environ.get("LUR_SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("LUR_KEY")

SENTENCES = [
    "The energy minister of Greece opened a new factory in Beijing on Sunday.",
    "Inflation in France rose by 12 percent in May.",
    "The parliament of Norway hired 7 doctors.",
    "The exports of Japan rose by 33 percent in August.",
    "The budget of France fell by 45 percent.",
]
ARTICLE = " ".join(SENTENCES)


def chapter(title: str) -> None:
    """Prints a heading."""
    print(f"\n== {title} ==")


chapter("1. Is it there?")
# A client keeps its connections open, so make one and use it for everything. It may be shared by
# threads. `with` closes it; `lur.close()` would do as well.
lur = Lur(SERVER, KEY)
print("the service is", lur.ready().status)
for pair in lur.languages():
    print(f"{pair.source} -> {pair.target} ({pair.name}) with {pair.model}, {pair.license}")


chapter("2. A summary")
# One call gives the summary, and its translations if they are asked for. Answers are objects; an
# editor knows their fields, and so does mypy.
answer = lur.summarize(ARTICLE, length="short", translate_to=["hy", "ru"])
print(answer.summary)
print(answer.translations["hy"])
print(answer.translations["ru"])


chapter("3. Where does it come from?")
# Each sentence of the summary names the stretches of the article that support it best, in
# characters. What could not be verified is a warning: show warnings to whoever publishes.
for sentence in answer.sentences:
    for source in sentence.sources:
        print(f"{sentence.text!r} comes from {ARTICLE[source.start : source.end]!r}")
for warning in answer.warnings:
    print("warning:", warning.code, "-", warning.message)


chapter("4. Translations")
# Texts and languages may be several; the answers come by text, then by language. Line breaks and
# list marks stay where they are.
texts = ["- The parliament of Norway hired 7 doctors.\n- 42", SENTENCES[-1]]
for translation in lur.translate(texts, ["hy", "ru"], quality="best").translations:
    print(translation.index, translation.target, translation.text.splitlines())


chapter("5. Words of one's own")
# A glossary says how terms are translated. If a model does not follow, a warning says so.
[translation] = lur.translate(texts[1], "ru", glossary={"budget": "казна"}).translations
print(translation.text, [w.message for w in translation.warnings if w.code == "glossary_missed"])


chapter("6. Sentence by sentence")
# A stream tells of each sentence as soon as it is final, so that nobody waits for the end to see
# the beginning. First come the models, if they must be loaded; the whole answer is the last event.
for event in lur.stream_translate(ARTICLE, "hy"):
    match event:
        case ModelEvent():
            print(f"[{event.name} is {event.state}]")
        case SegmentEvent():
            said = ARTICLE[event.source.start : event.source.end]
            print(f"{event.segment}: {said!r} -> {event.text}")
        case _:
            print(f"done: {event.usage.segments} sentences in {event.timings_ms.total:.0f} ms")


chapter("7. Enough is enough")
# Who closes a stream ends the work of the service too: nothing is computed for nobody.
with closing(lur.stream_summarize(ARTICLE, translate_to=["hy"])) as events:
    for told in events:
        if isinstance(told, SentenceEvent):
            print("the first sentence is enough:", told.text)
            break


chapter("8. When something is wrong")
# The service says what, in words and in numbers. What another try may mend (it is busy, or loads a
# model) the client has tried again by itself, for `patience_s`, as often as the service likes.
try:
    lur.translate("Hello.", "xx")
except LurError as error:
    print(error.status, error.title, "-", error.detail)
    print("the field to blame:", error.errors[0].field)


chapter("9. Whole files")
# HTML, Markdown, subtitles and Word files keep their structure; only what is language changes.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "page.html")
    path.write_text(f"<p class='news'>{SENTENCES[2]}</p>\n<p>{SENTENCES[4]}</p>\n")
    document = lur.translate_document(path, "ru")
    print(document.name, "-", document.media_type)
    print(document.file.decode())


chapter("10. Many things at once")
# `AsyncLur` has the same methods, awaited. What comes in at the same time shares the batches of the
# models, so that many texts at once are done much sooner than one after the other.


async def main() -> None:
    """Translates all sentences of the article at once."""
    async with AsyncLur(SERVER, KEY) as lur:
        answers = await asyncio.gather(*(lur.translate(each, "ru") for each in SENTENCES))
        for answer in answers:
            print(answer.translations[0].text)


asyncio.run(main())

lur.close()
print("\nThat is all. `docs/python-client.md` has the reference, `docs/api.md` what is behind it.")
