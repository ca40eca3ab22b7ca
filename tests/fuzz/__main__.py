"""`python -m tests.fuzz --minutes 10 [--seed 1]`: looks for a text that breaks a promise.

Every round gives each promise some hundred new texts, from a random seed that goes up by one each
round. At the end of the time it says how many texts were tried and exits with 0; at the first
broken promise it shows the smallest text that breaks it and the seed to see it again with
(`--seed S --only NAME`), and exits with 1.
"""

import argparse
import random
import sys
import time
import traceback

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded

from tests.fuzz.promises import PROMISES, Promise

TEXTS_A_ROUND = 300


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="of the first round; a random one by default")
    parser.add_argument("--only", default="", help="promises with this in their name")
    arguments = parser.parse_args()
    chosen = [promise for promise in PROMISES if arguments.only in promise.name]
    if not chosen:
        parser.error(f"no promise has {arguments.only!r} in its name")
    seed = arguments.seed if arguments.seed is not None else random.randrange(2**32)
    until = time.monotonic() + 60 * arguments.minutes
    rounds = 0
    while not rounds or time.monotonic() < until:
        for promise in chosen:
            if not _is_kept(promise, seed + rounds):
                print(f"broken: --seed {seed + rounds} --only {promise.name}", flush=True)
                return 1
            if rounds and time.monotonic() >= until:
                break
        rounds += 1
    print(f"{len(chosen)} promises kept in {rounds} rounds of {TEXTS_A_ROUND} texts, seed {seed}")
    return 0


def _is_kept(promise: Promise, seed: int) -> bool:
    run = settings(
        max_examples=TEXTS_A_ROUND,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )(given(*promise.given)(promise.keep))
    try:
        seeded(seed)(run)()
    except Exception:
        traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
