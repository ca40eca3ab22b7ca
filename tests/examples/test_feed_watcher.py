import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import Example
from tests.server.conftest import Server, until
from tests.tinylang.grammar import articles

Serve = Callable[..., Server]
Keep = Callable[[subprocess.Popen[str]], subprocess.Popen[str]]


class Newsroom:
    """Serves a feed that changes."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.content: bytes | None = None
        self.statuses: list[int] = []
        newsroom = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = newsroom.feed()
                etag = f'"{hash(content)}"'
                status = 304 if self.headers.get("If-None-Match") == etag else 200
                newsroom.statuses.append(status)
                self.send_response(status)
                self.send_header("ETag", etag)
                self.send_header("Content-Type", "application/rss+xml")
                self.end_headers()
                self.wfile.write(content if status == 200 else b"")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/feed.xml"

    def feed(self) -> bytes:
        if self.content is not None:
            return self.content
        items = "".join(reversed(self.items))  # the newest first, as feeds are
        return (
            '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>'
            f"{items}</channel></rss>"
        ).encode()

    def publish(self, identity: str, title: str, text: str) -> None:
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line)
        self.items.append(
            f"<item><guid>{identity}</guid><title>{escape(title)}</title>"
            f"<link>http://news.example/{identity}</link><pubDate>{formatdate(0)}</pubDate>"
            f"<description>{escape(paragraphs)}</description></item>"
        )


@pytest.fixture
def newsroom() -> Iterator[Newsroom]:
    found = Newsroom()
    yield found
    found.server.shutdown()
    found.server.server_close()


def seen(folder: Path) -> list[dict[str, str]]:
    path = folder / "seen.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


ARTICLES = articles(6, 4)


def test_each_item_is_summarized_once_and_bad_ones_are_noted(
    serve: Serve, newsroom: Newsroom, tmp_path: Path
) -> None:
    first, second, third, _ = ARTICLES
    newsroom.publish("1", "First & foremost", first.text)
    newsroom.publish("2", "No words at all", "— … —")
    newsroom.publish("3", "Second", second.text)
    example = Example("feed_watcher.py", serve().url)
    done = example.run(newsroom.url, tmp_path, "--once")
    assert done.returncode == 0, done.stderr
    assert [row["id"] for row in seen(tmp_path)] == ["1", "2", "3"]
    assert "error" in seen(tmp_path)[1]
    [path] = tmp_path.glob("first-foremost-*.md")
    written = path.read_text()
    assert written.startswith("# First & foremost\n\nhttp://news.example/1\n\n")
    assert f"\n\n{first.summary}\n\n## Հայերեն: " in written
    assert f"\n\n{first.summary_ru}\n" in written
    assert len(list(tmp_path.glob("*.md"))) == 2
    newsroom.publish("4", "Third", third.text)
    path.unlink()  # it was seen nevertheless
    again = example.run(newsroom.url, tmp_path, "--once")
    assert again.stderr == f"{seen(tmp_path)[-1]['file']}\n"
    assert third.summary in (tmp_path / seen(tmp_path)[-1]["file"]).read_text()
    assert not path.exists()


def test_new_items_are_found_while_it_watches_and_after_it_was_killed(
    serve: Serve, newsroom: Newsroom, running: Keep, tmp_path: Path
) -> None:
    example = Example("feed_watcher.py", serve().url)
    arguments = (newsroom.url, tmp_path, "--every", "0.1")
    newsroom.publish("1", "One", ARTICLES[0].text)
    watcher = running(example.start(*arguments))
    until(lambda: len(seen(tmp_path)) == 1)
    newsroom.publish("2", "Two", ARTICLES[1].text)
    until(lambda: len(seen(tmp_path)) == 2)
    until(lambda: 304 in newsroom.statuses)
    watcher.kill()
    watcher.wait()
    with (tmp_path / "seen.jsonl").open("a") as file:
        file.write('{"id": "3", "fi')  # a line that was being written
    newsroom.publish("3", "Three", ARTICLES[2].text)
    running(example.start(*arguments))
    until(lambda: [row["id"] for row in seen(tmp_path)] == ["1", "2", "3"])
    assert len(list(tmp_path.glob("*.md"))) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>gone</html>",
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>',
        b"\x00\xff",
    ],
)
def test_what_is_no_feed_does_not_end_it(
    content: bytes, newsroom: Newsroom, tmp_path: Path
) -> None:
    newsroom.content = content
    done = Example("feed_watcher.py", "http://127.0.0.1:9").run(newsroom.url, tmp_path, "--once")
    assert done.returncode == 1
    assert done.stderr == f"{newsroom.url}: this is no feed that feedparser knows\n"


def test_nothing_is_lost_while_the_service_is_away(
    serve: Serve, newsroom: Newsroom, tmp_path: Path
) -> None:
    newsroom.publish("1", "One", ARTICLES[0].text)
    newsroom.publish("2", "Two", ARTICLES[1].text)
    away = Example("feed_watcher.py", "http://127.0.0.1:9").run(newsroom.url, tmp_path, "--once")
    assert away.returncode == 1
    assert "No answer: " in away.stderr
    assert seen(tmp_path) == []
    there = Example("feed_watcher.py", serve().url).run(newsroom.url, tmp_path, "--once")
    assert there.returncode == 0
    assert [row["id"] for row in seen(tmp_path)] == ["1", "2"]


def test_an_atom_feed_is_read_and_what_it_lacks_is_made_up_for(
    serve: Serve, newsroom: Newsroom, tmp_path: Path
) -> None:
    text = escape(f"<div>{ARTICLES[3].text}<script>alert(1)</script></div>")
    newsroom.content = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>'
        f'<entry><content type="html">{text}</content></entry><entry/></feed>'
    ).encode()
    done = Example("feed_watcher.py", serve().url).run(newsroom.url, tmp_path, "--once")
    assert done.returncode == 0, done.stderr
    [path] = tmp_path.glob("*.md")
    assert ARTICLES[3].summary in path.read_text()
    assert "alert" not in path.read_text()
