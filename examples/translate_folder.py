"""Translates all documents of a folder, and goes on where it was when it is started again.

    python examples/translate_folder.py reports/ reports-hy/ --to hy

Does html, md, txt, srt and docx files, those in folders too: `reports/a/b.docx` becomes
`reports-hy/a/b.hy.docx`. `reports-hy/manifest.jsonl` says what was made of what. A file is written
whole or not at all, and done again only if it has changed; what fails is tried again at the next
start. The service says how busy it is, and the client waits as long as it is told to.
"""

import argparse
import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from service.client import AsyncLur, LurError

ENDINGS = {".html", ".htm", ".md", ".markdown", ".txt", ".srt", ".docx"}
PATIENCE_S = 600.0
"""How long a file waits for a service that is busy: nobody sits in front of this."""

OF_ONE_FILE = (400, 413, 422, 500, 504)
"""Statuses that say nothing about the other files."""


class Manifest:
    """What was made of which file: a JSON object a line; the last one about a file counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: dict[str, dict[str, str]] = {}
        if path.exists():
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1  # the rest was cut off when the machine went down
            os.truncate(path, whole)
            for row in map(json.loads, content[:whole].splitlines()):
                self._done[row["source"]] = row

    def has(self, source: str, digest: str, target: str) -> bool:
        """Tells whether this very content was translated into this language and is still there."""
        row = self._done.get(source, {})
        same = (row.get("digest"), row.get("target")) == (digest, target)
        return same and (self._path.parent / row["file"]).exists()

    def add(self, **row: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._done[row["source"]] = row


class Batch:
    """The work on one folder."""

    def __init__(self, lur: AsyncLur, source: Path, folder: Path, target: str) -> None:
        self._lur, self._source, self._folder, self._target = lur, source, folder, target
        self._manifest = Manifest(folder / "manifest.jsonl")
        self.done = self.there = self.failed = 0

    async def run(self, at_once: int) -> None:
        """Does all files, at most `at_once` at a time."""
        paths = iter(sorted(p for p in self._source.rglob("*") if p.suffix.lower() in ENDINGS))
        await asyncio.gather(*(self._work(paths) for _ in range(at_once)))

    async def _work(self, paths: Iterator[Path]) -> None:
        for path in paths:  # shared: each worker takes the next one
            name = path.relative_to(self._source).as_posix()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if self._manifest.has(name, digest, self._target):
                self.there += 1
                continue
            try:
                answer = await self._lur.translate_document(path, self._target)
            except LurError as error:
                if error.status not in OF_ONE_FILE:
                    raise
                print(f"{name}: {error}", file=sys.stderr)
                self.failed += 1
                continue
            made = self._write(path, answer.name, answer.file)
            self._manifest.add(source=name, digest=digest, target=self._target, file=made)
            self.done += 1
            print(f"{name} -> {made}", flush=True)

    def _write(self, path: Path, name: str, content: bytes) -> str:
        folder = self._folder / path.relative_to(self._source).parent
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / Path(name).name  # a name from elsewhere is no path
        scratch = made.with_name(f".{made.name}.part")
        scratch.write_bytes(content)
        os.replace(scratch, made)
        return made.relative_to(self._folder).as_posix()


async def translate(options: argparse.Namespace) -> Batch:
    """Works through the folder."""
    options.folder.mkdir(parents=True, exist_ok=True)
    key = os.environ.get("LUR_KEY")
    async with AsyncLur(options.server, key, patience_s=PATIENCE_S) as lur:
        batch = Batch(lur, options.source, options.folder, options.to)
        await batch.run(options.at_once)
    return batch


def main() -> None:
    """Reads the command line and begins."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", type=Path, help="a folder of documents")
    parser.add_argument("folder", type=Path, help="where the translations are written")
    parser.add_argument("--to", required=True, metavar="LANGUAGE", help="hy or ru")
    parser.add_argument("--server", default=os.environ.get("LUR_SERVER", "http://127.0.0.1:8000"))
    parser.add_argument("--at-once", type=int, default=4, metavar="FILES")
    options = parser.parse_args()
    if not options.source.is_dir():
        parser.error(f"{options.source} is no folder")
    if options.folder.resolve().is_relative_to(options.source.resolve()):
        parser.error("the translations would be translated at the next start: take another folder")
    try:
        batch = asyncio.run(translate(options))
    except (LurError, KeyboardInterrupt) as error:
        reason = str(error) or "stopped"
        raise SystemExit(f"{reason}; started again, it goes on from here") from None
    print(f"{batch.done} done, {batch.there} were there, {batch.failed} failed")
    raise SystemExit(1 if batch.failed else 0)


if __name__ == "__main__":
    main()
