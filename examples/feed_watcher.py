"""Watches an RSS or Atom feed and writes each new item's summary, in Armenian and Russian too.

    pip install feedparser
    python examples/feed_watcher.py https://example.org/feed.xml news/

Each item becomes a Markdown file in `news/`. `news/seen.jsonl` remembers which are done, so that it
can be stopped and started at any time; an item that cannot be summarized is noted there with the
reason, and not tried again. While feed or service cannot be reached nothing is lost: what is new is
done the next time. What is summarized is the text that the feed itself holds.
"""

import argparse
import hashlib
import io
import json
import logging
import os
import re
import time
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import feedparser  # type: ignore[import-untyped]
import httpx2

from service.client import Lur, LurError

MAX_FEED_BYTES = 20_000_000
LANGUAGES = {"hy": "Հայերեն", "ru": "Русский"}

FAULTS_OF_ITEMS = (400, 413, 422)
"""Statuses that say: not this text, today or ever."""
PERHAPS_OF_ITEMS = (500, 504)
"""The service could not do it, or not in time; so many times it is tried:"""
TRIES = 3

log = logging.getLogger("feed_watcher")


class PlainText(HTMLParser):
    """The text of an item, whose paragraphs are set apart."""

    APART = (
        *("p", "br", "div", "li", "ul", "ol", "blockquote", "tr", "table"),
        *("h1", "h2", "h3", "h4", "h5", "h6"),
    )

    def __init__(self, markup: str) -> None:
        super().__init__()
        self._parts: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._parts.append("\n" if tag in self.APART else "")

    def handle_data(self, data: str) -> None:
        self._parts.append(" ".join(data.split("\n")))

    def __str__(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self._parts).split("\n"))
        return "\n\n".join(line for line in lines if line)


@dataclass(frozen=True)
class Item:
    """What is new in the world."""

    id: str
    title: str
    link: str
    text: str

    @classmethod
    def of(cls, entry: Any) -> "Item":
        """Reads what feedparser found, which may lack anything."""
        markup = entry.content[0].value if entry.get("content") else entry.get("summary", "")
        title, text = str(PlainText(entry.get("title", ""))), str(PlainText(markup))
        link = entry.get("link", "")
        return cls(entry.get("id") or link or title or text[:200], title, link, text or title)


class Seen:
    """The items that were done, by their ids: a line each, whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: set[str] = set()
        if path.exists():
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1  # the rest was cut off when the machine went down
            os.truncate(path, whole)
            self._ids = {json.loads(line)["id"] for line in content[:whole].splitlines()}

    def __contains__(self, item: Item) -> bool:
        return item.id in self._ids

    def add(self, item: Item, **outcome: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"id": item.id, **outcome}, ensure_ascii=False) + "\n")
        self._ids.add(item.id)


class Feed:
    """A feed that is fetched only when it has changed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._unchanged: dict[str, str] = {}

    def items(self) -> list[Item]:
        """Returns what is in the feed, the oldest first; nothing if it has not changed.

        Raises:
            httpx2.HTTPError: it cannot be had.
            ValueError: it is too large, or no feed.
        """
        with httpx2.stream(
            "GET", self._url, headers=self._unchanged, follow_redirects=True, timeout=30
        ) as answer:
            if answer.status_code == 304:
                return []
            answer.raise_for_status()
            content = b""
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > MAX_FEED_BYTES:
                    raise ValueError(f"the feed is larger than {MAX_FEED_BYTES} bytes")
        found = feedparser.parse(io.BytesIO(content), response_headers=dict(answer.headers))
        if not found.get("version"):
            raise ValueError("this is no feed that feedparser knows")
        known = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        self._unchanged = {known[n]: v for n, v in answer.headers.items() if n in known}
        return [Item.of(entry) for entry in reversed(found.entries)]

    def forget(self) -> None:
        """Fetches it the next time even if it has not changed: something of it is not done."""
        self._unchanged = {}


def report(lur: Lur, item: Item) -> str:
    """Returns what is written of an item."""
    answer = lur.summarize(item.text, translate_to=list(LANGUAGES))
    headlines = lur.translate(item.title, list(LANGUAGES)).translations
    titles = {translation.target: translation.text for translation in headlines}
    parts = [f"# {item.title or 'Untitled'}", item.link, answer.summary]
    for language, name in LANGUAGES.items():
        parts += [f"## {name}: {titles[language]}", answer.translations[language]]
    doubts = [f"- {w.message}" for w in answer.warnings if w.code != "bundled_model"]
    parts += ["## To be checked", "\n".join(doubts)] if doubts else []
    return "\n\n".join(part for part in parts if part) + "\n"


class Watcher:
    """One feed, the summaries of its items, and what was seen of them."""

    def __init__(self, url: str, folder: Path, lur: Lur) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._url, self._folder, self._lur = url, folder, lur
        self._feed, self._seen = Feed(url), Seen(folder / "seen.jsonl")
        self._failures: Counter[str] = Counter()

    def look(self) -> bool:
        """Does what is new in the feed; returns whether that was all of it."""
        done = True
        try:
            for item in self._feed.items():
                done = (item in self._seen or self._do(item)) and done
        except (httpx2.HTTPError, ValueError, LurError) as error:
            log.warning("%s: %s", self._url, error)
            done = False
        if not done:
            self._feed.forget()
        return done

    def _do(self, item: Item) -> bool:
        """Writes the summary of an item; returns whether that is settled, as it may fail for good.

        Raises:
            LurError: the service cannot be had, for whatever item.
        """
        try:
            written = report(self._lur, item)
        except LurError as error:
            if error.status not in (*FAULTS_OF_ITEMS, *PERHAPS_OF_ITEMS):
                raise
            log.warning("%s: %s", item.title, error)
            self._failures[item.id] += 1
            bad = error.status in FAULTS_OF_ITEMS or self._failures[item.id] == TRIES
            if bad:
                self._seen.add(item, error=str(error))
            return bad
        slug = re.sub(r"[^a-z0-9]+", "-", item.title.lower())[:50].strip("-")
        name = f"{slug}-{hashlib.sha256(item.id.encode()).hexdigest()[:8]}.md"
        scratch = self._folder / f".{name}"
        scratch.write_text(written, encoding="utf-8")
        os.replace(scratch, self._folder / name)
        self._seen.add(item, file=name)
        log.info("%s", name)
        return True


def main() -> None:
    """Reads the command line and watches."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("feed", help="the address of an RSS or Atom feed")
    parser.add_argument("folder", type=Path, help="where the summaries are written")
    parser.add_argument("--server", default=os.environ.get("LUR_SERVER", "http://127.0.0.1:8000"))
    parser.add_argument("--every", type=float, default=300, metavar="SECONDS")
    parser.add_argument("--once", action="store_true", help="end when all that is new is done")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    with Lur(options.server, os.environ.get("LUR_KEY")) as lur:
        watcher = Watcher(options.feed, options.folder, lur)
        while True:
            done = watcher.look()
            if options.once:
                raise SystemExit(0 if done else 1)
            time.sleep(options.every)


if __name__ == "__main__":
    main()
