"""One line a log event: JSON, or coloured text on a terminal. Never users' text, never keys.

The rooms log through the standard library (an event name and `extra` fields); structlog renders.
"""

import logging
import sys
from typing import Any

import structlog

__all__ = ["configure_logs"]

_NOISY = ("httpx", "httpcore", "huggingface_hub", "filelock", "urllib3", "asyncio")
"""httpx logs every request at INFO through the root logger."""


def _without_colours(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Uvicorn sends its message a second time, with terminal colours."""
    event.pop("color_message", None)
    return event


def configure_logs(level: str) -> None:
    """Sends every log record to standard error, rendered; may be called again."""
    interactive = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if interactive else structlog.processors.JSONRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _without_colours,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([] if interactive else [structlog.processors.format_exc_info]),
            renderer,
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
