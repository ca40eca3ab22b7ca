"""The service, which waits for the shared store as long as a crowded machine needs."""

from service.cli import main as service_main
from service.shared import store


def main() -> None:
    """Runs the command line of the service."""
    store.ANSWER_S = 20.0
    service_main()


if __name__ == "__main__":
    main()
