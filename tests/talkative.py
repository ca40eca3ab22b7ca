"""`tests.faulty`, whose streams say every half second that they are still there."""

from service.api import events
from tests import faulty

KEEP_ALIVE_S = 0.5


def main() -> None:
    events.KEEP_ALIVE_S = KEEP_ALIVE_S
    faulty.main()


if __name__ == "__main__":
    main()
