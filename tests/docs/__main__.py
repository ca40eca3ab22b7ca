"""`python -m tests.docs [--write] [FILE…]`."""

import argparse
import sys
from pathlib import Path

from tests.docs.blocks import DOCUMENTS, Unexplained
from tests.docs.checking import NOT_RUN, check, left_out, shown_name


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.docs")
    parser.add_argument("--write", action="store_true", help="write what should be there")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="all by default")
    options = parser.parse_args()
    bad = 0
    for path in [file.resolve() for file in options.files] or DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        try:
            checked = check(text)
        except Unexplained as error:
            print(f"{path}: {error}")
            bad += 1
            continue
        for fault in (*checked.differences, *checked.failures):
            print(f"{path}: {fault}\n")
        if options.write:
            path.write_text(checked.text, encoding="utf-8")
        bad += bool(checked.failures) or (checked.text != text and not options.write)
    if options.write:
        texts = {shown_name(path): path.read_text(encoding="utf-8") for path in DOCUMENTS}
        NOT_RUN.write_text(left_out(texts), encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
