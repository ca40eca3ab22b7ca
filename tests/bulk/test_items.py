"""What a bulk job reads, and which part of it is whose."""

import errno
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bulk.items import BulkError, Flawed, Item, Shard, is_read, items


def test_a_folder_s_items_are_its_texts_by_their_path(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.txt").write_text("Two.")
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfOne.")
    (tmp_path / "c.pdf").write_text("no text")
    (tmp_path / "d.txt").write_bytes(b"caf\xe9")
    assert list(items(tmp_path)) == [
        Item("a.txt", "One."),
        Item("b/x.txt", "Two."),
        Flawed("not UTF-8: byte 0xe9", id="d.txt"),
    ]


def test_what_cannot_be_read_is_said_and_what_stands_behind_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    (tmp_path / "a.txt" / "b.txt").write_text("Within.")
    (tmp_path / "b.txt").symlink_to("nowhere")
    (tmp_path / "c.txt").symlink_to("c.txt")
    os.mkfifo(tmp_path / "d.txt")
    (tmp_path / os.fsdecode(b"\xe0\xe1.txt")).write_text("No UTF-8 in its name.")
    (tmp_path / "z.txt").write_text("Behind.")
    found = {one.id: one for one in items(tmp_path)}
    assert found == {
        "a.txt/b.txt": Item("a.txt/b.txt", "Within."),
        "b.txt": Flawed(os.strerror(errno.ENOENT), id="b.txt"),
        "c.txt": Flawed(os.strerror(errno.ELOOP), id="c.txt"),
        "d.txt": Flawed("no regular file", id="d.txt"),
        r"\xe0\xe1.txt": Item(r"\xe0\xe1.txt", "No UTF-8 in its name."),
        "z.txt": Item("z.txt", "Behind."),
    }
    assert len({one.key for one in found.values()}) == len(found)


def test_a_folder_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text("One.")
    forbidden, scandir = {str(tmp_path / "b")}, os.scandir

    def refuse(path: str) -> object:
        if str(path) in forbidden:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # who runs the tests may be allowed everything
    assert list(items(tmp_path)) == [Flawed("Permission denied", id="b/"), Item("c/x.txt", "One.")]
    forbidden.add(str(tmp_path))
    with pytest.raises(BulkError, match=f"{tmp_path}: Permission denied"):
        list(items(tmp_path))


def test_every_line_is_an_item_or_says_why_it_is_none(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    lines = [
        b'\xef\xbb\xbf{"id": "a", "text": "One.", "more": [1]}',
        b"",
        b'{"id": 7, "text": ""}',
        b'{"id": "7", "text": "the same id"}',
        b'{"id": true, "text": "x"}',
        b'{"text": "x"}',
        b'{"id": "b", "text": null}',
        b'["a"]',
        b"{",
        b'{"id": "caf\xe9", "text": "x"}',
        b'{"id": "c", "text": "\\ud800"}',
        b"[" * 100_000,
    ]
    path.write_bytes(b"\n".join(lines))
    found = list(items(path))
    assert found[:2] == [Item("a", "One.", 1), Item("7", "", 3)]
    assert [(one.line, one.reason) for one in found[2:] if isinstance(one, Flawed)] == [
        (4, "its id is that of line 3 too"),
        (5, "no `id` that is a string or a whole number"),
        (6, "no `id` that is a string or a whole number"),
        (7, "no `text` that is a string"),
        (8, "not a JSON object"),
        (9, "not JSON"),
        (10, "not UTF-8: byte 0xe9"),
        (11, "halves of characters (lone surrogates), which are no text"),
        (12, "not JSON"),
    ]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BulkError, match=r"none.jsonl: No such file"):
        list(items(tmp_path / "none.jsonl"))


def test_what_is_read_is_known_by_whatever_name(tmp_path: Path) -> None:
    folder, source, other = tmp_path / "in", tmp_path / "in.jsonl", tmp_path / "other.jsonl"
    (folder / "b").mkdir(parents=True)
    source.write_text("")
    (tmp_path / "linked").hardlink_to(source)
    (tmp_path / "pointed").symlink_to(source)
    for name in ("in.jsonl", "linked", "pointed", "in/../in.jsonl"):
        assert is_read(source, tmp_path / name)
    for name in ("in/a.txt", "in/b/.txt", "in/b/../a.txt"):
        assert is_read(folder, tmp_path / name)
    assert not is_read(source, other)
    assert not is_read(tmp_path / "none.jsonl", other)
    assert not any(is_read(folder, tmp_path / name) for name in ("a.txt", "in/a.jsonl"))


@pytest.mark.parametrize("text", ["3", "3/", "/3", "16/16", "0/0", "-1/4", "a/b", "1/2/3"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BulkError, match="INDEX/COUNT"):
        Shard.parse(text)


@given(st.lists(st.text(), unique=True), st.integers(1, 20))
def test_every_item_is_in_one_shard_whatever_else_there_is(ids: list[str], count: int) -> None:
    keys = [Item(name.replace("\ud800", ""), "").key for name in map(_encodable, ids)]
    shards = [Shard.parse(f"{index}/{count}") for index in range(count)]
    assert all(sum(shard.has(key) for shard in shards) == 1 for key in keys)


def _encodable(name: str) -> str:
    return json.loads(json.dumps(name.encode("utf-8", "ignore").decode()))


def test_shards_are_of_about_the_same_size() -> None:
    sizes = Counter(
        index
        for number in range(16_000)
        for index in range(16)
        if Shard(index, 16).has(Item(str(number), "").key)
    )
    assert min(sizes.values()) > 850
    assert max(sizes.values()) < 1150
