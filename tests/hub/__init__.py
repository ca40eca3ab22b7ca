"""A hub of our own on the loopback: `huggingface_hub`'s protocol, with faults on demand."""

from tests.hub.server import Fault, LocalHub, Seen

__all__ = ["Fault", "LocalHub", "Seen"]
