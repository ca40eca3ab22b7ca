"""One line a log event: JSON, or coloured text on a terminal. Never users' text, never keys.

The rooms log through the standard library: an event name and `extra` fields.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

__all__ = ["configure_logs"]

_NOISY = ("httpx2", "httpcore2", "huggingface_hub", "filelock", "urllib3", "asyncio")
"""httpx2 logs every request at INFO through the root logger."""

_STANDARD: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})
"""What every record has; anything else came as `extra`."""

_UVICORNS: Final = "color_message"
"""Uvicorn sends its message a second time, with terminal colours."""


class JSONLines(logging.Formatter):
    """One JSON object a line: `extra` fields, `event`, `level`, `logger`, `timestamp` (UTC)."""

    def __init__(self) -> None:
        super().__init__()
        self._encoder = msgspec.json.Encoder(enc_hook=repr)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            name: value
            for name, value in vars(record).items()
            if name not in _STANDARD and name != _UVICORNS
        }
        line["event"] = record.getMessage()
        line["level"] = record.levelname.lower()
        line["logger"] = record.name
        line["timestamp"] = f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        try:
            return self._encoder.encode(line).decode()
        except UnicodeEncodeError:  # half a surrogate pair, in an error's message or a file's name
            return json.dumps(line, default=repr)


def configure_logs(level: str) -> None:
    """Sends every log record to standard error, rendered; may be called again."""
    handler = logging.StreamHandler()
    handler.setFormatter(_for_people() if sys.stderr.isatty() else JSONLines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _for_people() -> logging.Formatter:
    import structlog  # imports `rich` where that is installed: 70 ms that only a terminal needs

    def without_colours(
        _logger: Any, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event.pop(_UVICORNS, None)
        return event

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            without_colours,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(),
        ],
    )
