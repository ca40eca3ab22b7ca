"""What is no .docx, or not meant well, is refused before it is unpacked, and in words."""

import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import pytest

from service.errors import UnreadableDocument
from service.markup.blocks import Block
from service.markup.docx import DocxMarkup
from tests.unit.markup.docx_files import of_paragraphs, packed, run, unpacked


def file(**changed: bytes) -> bytes:
    """A file of one paragraph; `document` and `types` are the parts that are changed."""
    names = {"document": "word/document.xml", "types": "[Content_Types].xml", "bin": "word/x.bin"}
    parts = unpacked(of_paragraphs(run("Words.")))
    return packed(parts | {names[name]: data for name, data in changed.items()})


def refusal(data: bytes) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as refused:
        DocxMarkup(data).blocks  # noqa: B018 - what a caller does next
    assert refused.value.field == "file"
    return refused.value


def main_type(kind: str) -> bytes:
    types = unpacked(of_paragraphs())["[Content_Types].xml"]
    usual = b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    assert usual in types
    return types.replace(usual, kind.encode())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no .docx: File is not a zip file"),
        (b"PK\x03\x04 nonsense", "is no .docx: File is not a zip file"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "Word 97 to 2003, or protected by a pass"),
        (packed({"a.txt": b"x"}), "another kind of ZIP archive"),
        (file(types=b"<Types/>"), "it has no document in it"),
        (file(types=main_type("vnd.ms-word.document.macroEnabled.main+xml")), "macroEnabled"),
        (file(types=b"<Types"), r"has no valid XML in /\[Content_Types\].xml"),
        (file(document=b"<w:document"), "has no valid XML in /word/document.xml"),
        (file(document=b"<a>" * 400), "has no valid XML in /word/document.xml"),
        (file(document=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "a document type declaration"),
        (
            file(document='<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16")),
            "a document type declaration",
        ),
        (file(document=b" " * 5000 + b"<!DOCTYPE a><a/>"), "a document type declaration"),
    ],
)
def test_what_is_no_word_file_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        DocxMarkup(data)


def test_an_entity_of_another_file_is_never_read() -> None:
    entity = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    assert "root:" not in str(refusal(file(document=entity)))


@pytest.mark.parametrize("at", [100, 1000, 3000])
def test_a_damaged_file_is_refused_or_read(at: int) -> None:
    data = bytearray(file())
    data[at : at + 40] = bytes(40)
    with suppress(UnreadableDocument):
        markup = DocxMarkup(bytes(data))
        assert markup.rebuilt(markup.blocks) == data


def test_a_file_that_is_cut_off_is_refused() -> None:
    refusal(file()[:-40])


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = file(bin=bytes(50_000_000))
    tracemalloc.start()
    error = refusal(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "times its size, at most 100 times is read" in str(error)
    assert error.limit == 100
    assert error.actual is not None
    assert error.actual > 100
    assert peak < 5_000_000


def test_more_bytes_than_are_read_are_named() -> None:
    data = bytearray(file(bin=b"x" * 1000))
    place = data.rindex(b"word/x.bin") - 46
    assert data[place : place + 4] == b"PK\x01\x02"
    data[place + 24 : place + 28] = struct.pack("<I", 3_000_000_000)  # what the archive says of it
    error = refusal(bytes(data))
    assert error.limit == 200_000_000
    assert error.actual == pytest.approx(3_000_000_000, rel=0.01)


def test_a_part_that_holds_more_than_it_says_is_damaged() -> None:
    data = bytearray(file(document=b"<a>" + b"x" * 100_000 + b"</a>"))
    place = data.rindex(b"word/document.xml") - 46
    data[place + 24 : place + 28] = struct.pack("<I", 50)
    assert "is damaged at /word/document.xml" in str(refusal(bytes(data)))


def with_a_broken_part() -> bytes:
    """A file with one bit turned in a part that holds no words."""
    data = bytearray(file(bin=bytes(range(256)) * 4))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = archive.getinfo("word/x.bin")
    data[entry.header_offset + 30 + len("word/x.bin") + entry.compress_size // 2] ^= 1
    return bytes(data)


def test_a_file_that_is_to_be_written_is_refused_at_once_where_any_part_is_damaged() -> None:
    with pytest.raises(UnreadableDocument, match=r"is damaged at /word/x\.bin: "):
        DocxMarkup(with_a_broken_part(), "hy")


def test_what_is_only_read_may_be_damaged_elsewhere() -> None:
    markup = DocxMarkup(with_a_broken_part())
    [block] = markup.blocks
    assert block.text == "Words."
    with pytest.raises(UnreadableDocument, match=r"is damaged at /word/x\.bin: "):
        markup.rebuilt([Block("New.")])


def test_properties_that_cannot_be_changed_are_found_before_they_are_to_be() -> None:
    parts = unpacked(of_paragraphs(run("Words."))) | {"docProps/core.xml": b"<broken"}
    with pytest.raises(UnreadableDocument, match=r"no valid XML in /docProps/core\.xml"):
        DocxMarkup(packed(parts), "hy")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9])
def test_only_what_the_standard_allows_is_unpacked(method: int) -> None:
    data = bytearray(file(bin=b"x" * 1000))
    entry = data.rindex(b"word/x.bin") - 46
    data[entry + 10 : entry + 12] = struct.pack("<H", method)
    assert "compressed in a way that no .docx may be, at /word/x.bin" in str(refusal(bytes(data)))


def test_parts_before_the_beginning_of_the_file_are_refused() -> None:
    data = bytearray(file())
    [directory] = struct.unpack("<I", data[-6:-2])
    data[-6:-2] = struct.pack("<I", directory + 1000)  # from here on, offsets are shifted back
    refusal(bytes(data))


def test_a_name_that_is_not_what_it_says_is_refused() -> None:
    data = bytearray(file())
    data[6:8] = struct.pack("<H", 0x800)  # the name of the first part is UTF-8
    data[30] = 0xFF
    refusal(bytes(data))


def test_a_part_that_is_there_twice_is_refused() -> None:
    target = io.BytesIO(file())
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("word/document.xml", b"<other/>")
    assert "has a part twice" in str(refusal(target.getvalue()))


def test_too_many_parts_are_refused() -> None:
    error = refusal(packed({f"{n}": b"" for n in range(10_001)}))
    assert (error.limit, error.actual) == (10_000, 10_001)


def test_names_in_the_archive_are_never_paths_here() -> None:
    parts = unpacked(file()) | {"../../evil.xml": b"<a/>", "/abs.xml": b"<b/>"}
    markup = DocxMarkup(packed(parts))
    [block] = markup.blocks
    out = markup.rebuilt([type(block)("New.")])
    assert set(unpacked(out)) == set(parts)
