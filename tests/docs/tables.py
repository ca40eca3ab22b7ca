"""The tables of the documents that follow from the code.

Each stands between `<!-- NAME -->` and `<!-- /NAME -->`, wherever a document wants it.
"""

import re
from collections.abc import Callable, Mapping

from benchmarks import capacity, report
from benchmarks.cluster import report as cluster_report
from service.api.problems import STATUSES
from service.models.rows import builtin_rows
from service.settings import Settings

__all__ = ["TABLES", "tables_in", "with_tables"]


def settings_table() -> str:
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for setting in Settings.explained():
        shown = "" if setting.default in (None, (), "") else f"`{setting.default}`"
        rows.append(f"| `{setting.variable}` | {shown} | {setting.description} |")
    return "\n".join(rows)


def errors_table() -> str:
    rows = ["| status | title | when |", "| --- | --- | --- |"]
    rows.append(
        "| 400 | Bad request | not JSON of the right form; `errors` by field, limits named |"
    )
    rows.append("| 404 | Not found | no such path |")
    rows.append("| 405 | Method not allowed | the path has other methods |")
    rows.append("| 413 | Body too large | said before it is read; `limit` and `actual` in bytes |")
    rows.append("| 415 | Unsupported media type | a body is JSON, in UTF-8 and not compressed |")
    rows.append("| 431 | Request header fields too large | more than 64 KiB or 100 headers |")
    leaves = [(status, kind) for kind, status in STATUSES.items() if not kind.__subclasses__()]
    for status, kind in sorted(leaves, key=lambda row: (row[0], row[1].title)):
        rows.append(f"| {status} | {kind.title} | {MEANINGS[kind.__name__]} |")
    return "\n".join(rows)


MEANINGS = {
    "InputTooLong": "`text` has more characters than allowed; `limit` and `actual`",
    "UnsupportedPair": "no model translates this pair; `detail` lists those there are",
    "UnsuitableModel": "the named model does another task or pair",
    "UnusableGlossary": "a term is empty, or the request has several targets; `detail` says which",
    "UnreadableDocument": "a file is not of its format, or of none we know; `detail` says why",
    "NothingToSummarize": "`text` holds no letter and no digit",
    "RefusedInput": "the engine failed on this input before; asked again within ten minutes",
    "Unauthorized": "no key, or none that is known",
    "Forbidden": "the key lacks a scope, `detail` says which; or a page of another origin sends it",
    "SlowClient": "the request did not arrive within `LUR_CLIENT_TIMEOUT_S`",
    "TooManyRequests": "a limit of this client is reached; `limit` and `actual`, `Retry-After`",
    "TooManyTokens": "the texts of this client are too many for now; `limit` and `actual`, "
    "`Retry-After`",
    "UnknownModel": "no model has this name",
    "ModelUnavailable": "it cannot be fetched, converted or loaded; `detail` says why",
    "ModelNotReady": "it is being fetched or loaded; `progress`",
    "QueueFull": "too many jobs wait for this model; `limit` and `actual`",
    "ShuttingDown": "the process ends",
    "InferenceFailed": "the engine failed on this input; the cause is in the log",
    "DeadlineExceeded": "not done within `LUR_DEADLINE_S`",
}


def models_table() -> str:
    rows = [
        "| model | does | licence | quality | what to expect |",
        "| --- | --- | --- | --- | --- |",
    ]
    for spec in builtin_rows():
        figure = "–"
        if spec.quality is not None:
            q = spec.quality
            figure = f"{q.metric} {q.value:g} on {q.test_set} ({q.source})"
        does = "→".join(spec.languages) if spec.task == "translate" else "summarizes English"
        rows.append(f"| `{spec.name}` | {does} | {spec.license} | {figure} | {spec.worth} |")
    return "\n".join(rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "settings": settings_table,
    "errors": errors_table,
    "models": models_table,
    "bench": report.latest_table,
    "cluster": cluster_report.latest_table,
    "capacity": capacity.latest_table,
}


_PLACE = re.compile(rf"(<!-- ({'|'.join(TABLES)}) -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def with_tables(document: str) -> str:
    """Returns a document with what stands between each pair of marks made anew."""
    return _PLACE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", document)


def tables_in(document: str) -> list[str]:
    """Returns the names of the tables that a document shows."""
    return [found[2] for found in _PLACE.finditer(document)]
