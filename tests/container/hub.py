"""A hub that has the tests' tiny translators under the names of real ones, for images that convert.

Prints its address, then serves until it is ended.
"""

import threading
from pathlib import Path

from service.models.rows import builtin_rows
from tests.hub import LocalHub

CHECKPOINTS = Path(__file__).parents[1] / "tinylang" / "checkpoints"


def main() -> None:
    with LocalHub() as hub:
        for spec in builtin_rows():
            if spec.name in {"opus-mt-en-hy", "opus-mt-en-ru"}:  # those of the profile `light`
                tiny = CHECKPOINTS / f"opus-mt-tiny-{spec.route}"
                hub.publish(spec.repository, tiny, spec.revision)
        print(hub.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
