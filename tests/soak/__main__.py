"""`python -m tests.soak --minutes 30 --seed 1 [--json FILE] [--cache DIRECTORY]`."""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from tests.soak.run import soak


def main() -> int:
    """Runs a soak and prints its report; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", type=Path, help="write the report there, too")
    parser.add_argument("--cache", type=Path, help="a model cache to use again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as fresh:
        report = soak(given.minutes * 60, given.seed, given.cache or Path(fresh))
    sys.stdout.write(f"{report}\n")
    if given.json is not None:
        given.json.write_text(json.dumps(report.plain(), indent=1) + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
