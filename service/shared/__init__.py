"""The store that several processes share: one Valkey or Redis, and whether it answers.

What it holds can be done without: a translation is made anew, a limit is counted by each process
for itself. So no request waits for it longer than a moment (`store.ANSWER_S`), and after the first
failure none asks it at all, until it has answered a question of ours that no request waits for. It
may hang, refuse, restart, be cut off or not be there when the process starts; the operator reads of
it in the log and the metrics, and the clients notice nothing.

Knows nothing of what is kept in it; its users' keys begin with `PREFIX`. What this module has is
all that a process without such a store loads.
"""

__all__ = ["PREFIX", "NoAnswer"]

PREFIX = "lur:"


class NoAnswer(Exception):
    """The store is away, too slow, or refuses; go on without it."""
