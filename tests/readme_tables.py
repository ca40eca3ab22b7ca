"""Writes the generated parts of the README: `python -m tests.readme_tables` (`make tables`).

The tables follow from the code, and a test compares them. The examples are what the bundled models
answer on the machine that ran this; another processor may round otherwise.
"""

import json
import re
from pathlib import Path

from benchmarks.report import latest_table
from service.api.problems import STATUSES
from service.models.rows import builtin_rows
from service.settings import Settings

README = Path(__file__).parents[1] / "README.md"


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
    "NothingToSummarize": "`text` holds no letter and no digit",
    "RefusedInput": "the engine failed on this input before; asked again within ten minutes",
    "Unauthorized": "no key, or none that is known",
    "Forbidden": "the key lacks a scope, `detail` says which; or a page of another origin sends it",
    "SlowClient": "the request did not arrive within `LUR_CLIENT_TIMEOUT_S`",
    "TooManyRequests": "a limit of this client is reached; `limit` and `actual`, `Retry-After`",
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


TABLES = {
    "settings": settings_table,
    "errors": errors_table,
    "models": models_table,
    "bench": latest_table,
}


def with_tables(text: str) -> str:
    """Returns `text` with what stands between each pair of markers made anew."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        assert len(pattern.findall(text)) == 1, f"the README has no place for the table {name}"
        text = pattern.sub(lambda m, table=table: f"{m[1]}{table()}\n{m[2]}", text)
    return text


SAMPLE = README.parent / "service" / "sample_article.txt"
POST = "curl http://127.0.0.1:8000{path} -H 'Content-Type: application/json' -d "
SENTENCE = "The energy minister of Greece opened a new factory in Beijing on Sunday."
EXAMPLES: list[tuple[str, str, dict[str, object]]] = [
    (
        "jq -Rs '{text: ., length: \"short\"}' service/sample_article.txt | " + POST + "@-",
        "/v1/summarize",
        {"text": SAMPLE.read_text(encoding="utf-8"), "length": "short"},
    ),
    (
        POST + "'\n" + json.dumps({"text": SENTENCE, "target": ["hy", "ru"]}) + "'",
        "/v1/translate",
        {"text": SENTENCE, "target": ["hy", "ru"]},
    ),
]


def examples() -> str:
    """Asks the real application, with its bundled models."""
    from litestar.testing import TestClient

    from service.app import create_app

    parts = []
    app = create_app(Settings(profile="bundled", offline=True))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for command, path, body in EXAMPLES:
            client.post(path, json={**body, "text": "A model loads. It is warm."})
            answer = client.post(path, json=body).json()
            shown = json.dumps(answer, ensure_ascii=False, indent=1)
            parts += ["```sh", command.replace("{path}", path), "```", "```json", shown, "```"]
    return "\n".join(parts)


def main() -> None:
    text = with_tables(README.read_text(encoding="utf-8"))
    start, end = "<!-- examples -->\n", "<!-- /examples -->"
    before, after = text.split(start)[0], text.split(end)[1]
    README.write_text(f"{before}{start}{examples()}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
