"""Makes a bundled model from a checkpoint: `python -m service.models.bundle NAME CHECKPOINT`.

For those who build the service, not for those who run it. NAME is a bundled row of the catalog;
the model is published where that row looks for it, and the README.md beside it stays.
"""

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

from service.models import checkpoint
from service.models.catalog import DirectorySource
from service.models.manifest import sha256_of
from service.models.progress import Watch
from service.models.rows import builtin_rows
from service.models.store import convert_into

__all__ = ["bundle"]


def bundle(name: str, source: Path) -> Path:
    """Converts the checkpoint in `source` into the place of the bundled row `name`.

    Its revision is a hash of the content of its files: a bundled model is the same everywhere.

    Raises:
        KeyError: no bundled row has this name.
        CheckpointError, ConversionFailed, OSError: nothing was published.
    """
    spec = {row.name: row for row in builtin_rows() if row.bundled}[name]
    assert isinstance(spec.source, DirectorySource)
    target = spec.source.path
    small, _ = checkpoint.choose_files(p.name for p in source.iterdir())
    digest = hashlib.sha256()
    for file in sorted({*small, *checkpoint.weight_files(source)}):
        digest.update(f"{file} {sha256_of(source / file)}\n".encode())
    card = target / "README.md"
    text = card.read_bytes() if card.exists() else None
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=target.parent) as work:
        watch = Watch(lambda progress: None)
        convert_into(target, spec, source, digest.hexdigest()[:40], watch, Path(work))
    if text is not None:
        card.write_bytes(text)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("name", help="a bundled row of the catalog")
    parser.add_argument("checkpoint", type=Path, help="a checkpoint in the hub's layout")
    arguments = parser.parse_args()
    sys.stdout.write(f"{bundle(arguments.name, arguments.checkpoint)}\n")


if __name__ == "__main__":
    main()
