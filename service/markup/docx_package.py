"""The archive that a .docx file is (ECMA-376, part 2): opened with care, and written again.

What is opened is looked at before it is unpacked. Parts that are not changed are copied. It must
not know what stands in a part.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from service.errors import UnreadableDocument

__all__ = ["Element", "Package"]

Element = Any
"""An element of `lxml`, which has no types."""

MAX_UNPACKED_BYTES = 200_000_000
"""Of all parts of a file together, pictures included."""

MAX_XML_BYTES = 50_000_000
"""Of the parts that are read. Their trees take some five times that: a book of 1000 pages has 5 MB
of text in them."""

MAX_RATIO = 100
FREE_BYTES = 10_000_000
"""Deflate makes at most 1032:1 (zlib's technical details). XML of Word has 5:1 to 30:1; a file that
unpacks to more than `FREE_BYTES` may not have more than `MAX_RATIO`."""

MAX_PARTS = 10_000

MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_CONTENT_TYPES = "[Content_Types].xml"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError)
"""What `zipfile` raises for archives that are broken, encrypted or compressed in other ways; the
last where an offset is before the beginning, or a name no UTF-8."""

_COMPRESSION = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""All that ECMA-376 (part 2) allows. Of bzip2, `zipfile` unpacks all that 4 KB hold at once, which
are gigabytes if somebody wants them to be."""

_CHUNK_BYTES = 1 << 16


class Package:
    """An opened archive.

    Raises:
        UnreadableDocument: it is no .docx, is damaged, or would unpack to too much.
    """

    def __init__(self, data: bytes) -> None:
        if data.startswith(_OLE):
            raise UnreadableDocument(
                "is a document of Word 97 to 2003, or protected by a password; save it as .docx"
            )
        self._data = data
        self._read_bytes = 0
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                self._entries = archive.infolist()
        except _DAMAGE as error:
            raise UnreadableDocument(f"is no .docx: {error}") from None
        self._check()
        self.types = self._types()

    def parts(self, *content_types: str) -> list[str]:
        """Returns the names of the parts of these types, in the order of the types, then of name.

        Raises:
            UnreadableDocument: there is none of the first type.
        """
        found = [
            name
            for kind in content_types
            for name in sorted(self.types)
            if self.types[name] == kind
        ]
        if not found or self.types[found[0]] != content_types[0]:
            main = [kind for kind in self.types.values() if kind.endswith(".main+xml")]
            raise UnreadableDocument(
                "is no .docx" + (f": it holds {main[0]}" if main else ": it has no document in it")
            )
        return found

    def tree(self, name: str) -> Element:
        """Returns the root of a part.

        Raises:
            UnreadableDocument: it cannot be had, or is no XML as such files may have it.
        """
        data = self._bytes(name)
        if b"<!DOCTYPE" in data.replace(b"\0", b"")[:4096]:
            raise UnreadableDocument(f"has a document type declaration in {name}")
        reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring(data, reader)
        except etree.XMLSyntaxError as error:
            raise UnreadableDocument(f"has no valid XML in {name}: {error.msg}") from None
        if root.getroottree().docinfo.doctype:
            raise UnreadableDocument(f"has a document type declaration in {name}")
        return root

    def check_parts(self) -> None:
        """Unpacks every part once, pictures too, as writing the archive again will.

        Raises:
            UnreadableDocument: one is damaged.
        """
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            for entry in self._entries:
                for _ in _unpacked(archive, entry):
                    pass

    def begin_again(self) -> None:
        """Forgets what was read, which no longer takes memory."""
        self._read_bytes = 0

    def written(self, changed: Mapping[str, Element]) -> bytes:
        """Returns the archive with other trees in these parts.

        Raises:
            UnreadableDocument: a part that is copied is damaged; see `check_parts`.
        """
        if not changed:
            return self._data
        target = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(self._data)) as old,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for entry in self._entries:
                name = entry.filename
                info = zipfile.ZipInfo(name, entry.date_time)
                info.compress_type = entry.compress_type
                info.external_attr = entry.external_attr
                if f"/{name}" in changed:
                    tree = changed[f"/{name}"].getroottree()
                    xml = etree.tostring(tree, encoding="UTF-8", standalone=True)
                    new.writestr(info, xml)
                else:
                    with new.open(info, "w") as copy:
                        for chunk in _unpacked(old, entry):
                            copy.write(chunk)
        return target.getvalue()

    def _check(self) -> None:
        """Looks at what the archive says of itself; `zipfile` unpacks no more than that."""
        if len(self._entries) > MAX_PARTS:
            raise UnreadableDocument(
                f"has {len(self._entries)} parts, at most {MAX_PARTS} are read",
                limit=MAX_PARTS,
                actual=len(self._entries),
            )
        unpacked = sum(entry.file_size for entry in self._entries)
        ratio = unpacked / max(1, len(self._data))
        if unpacked > MAX_UNPACKED_BYTES:
            raise _too_large("unpacks to", unpacked, MAX_UNPACKED_BYTES)
        if unpacked > FREE_BYTES and ratio > MAX_RATIO:
            raise UnreadableDocument(
                f"unpacks to {ratio:.0f} times its size, at most {MAX_RATIO} times is read",
                limit=MAX_RATIO,
                actual=round(ratio),
            )
        names = [entry.filename for entry in self._entries]
        if len(set(names)) < len(names):
            raise UnreadableDocument("has a part twice")
        if any(entry.flag_bits & 1 for entry in self._entries):
            raise UnreadableDocument("is encrypted")
        for entry in self._entries:
            if entry.compress_type not in _COMPRESSION:
                raise UnreadableDocument(
                    f"is compressed in a way that no .docx may be, at /{entry.filename}"
                )

    def _types(self) -> dict[str, str]:
        """The content type of every part, by its name."""
        if _CONTENT_TYPES not in {entry.filename for entry in self._entries}:
            raise UnreadableDocument("is no .docx: it is another kind of ZIP archive")
        root = self.tree(f"/{_CONTENT_TYPES}")
        defaults: dict[str, str] = {}
        named: dict[str, str] = {}
        for element in root.iter("{*}Default", "{*}Override"):
            key = element.get("PartName") or f".{element.get('Extension', '')}".lower()
            (named if key.startswith("/") else defaults)[key] = element.get("ContentType", "")
        found = {}
        for entry in self._entries:
            name = f"/{entry.filename}"
            ending = f".{name.rpartition('.')[2]}".lower()
            found[name] = named.get(name, defaults.get(ending, ""))
        return found

    def _bytes(self, name: str) -> bytes:
        [entry] = [entry for entry in self._entries if f"/{entry.filename}" == name]
        self._read_bytes += entry.file_size
        if self._read_bytes > MAX_XML_BYTES:
            raise _too_large("has text of", self._read_bytes, MAX_XML_BYTES)
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            return b"".join(_unpacked(archive, entry))


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yields what a part holds, a little at a time."""
    try:
        with archive.open(entry) as part:
            while chunk := part.read(_CHUNK_BYTES):
                yield chunk
    except _DAMAGE as error:
        raise UnreadableDocument(f"is damaged at /{entry.filename}: {error}") from None


def _too_large(what: str, actual: int, limit: int) -> UnreadableDocument:
    return UnreadableDocument(
        f"{what} {actual} bytes, at most {limit} are read", limit=limit, actual=actual
    )
