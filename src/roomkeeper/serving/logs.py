"""Logs as JSON lines on standard error; secrets of devices are taken out of every line (rule R4)."""

import logging
import sys
from typing import Any

import structlog

from roomkeeper.systems.redaction import redact_text


def configure(level: str) -> None:
    """Send our own and the libraries' logs the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # A line per request belongs to the metrics; a codec that speaks no HTTP is no warning of ours.
    logging.getLogger("uvicorn.access").setLevel("WARNING")
    logging.getLogger("uvicorn.error").setLevel("WARNING")
    logging.getLogger("django.request").setLevel("ERROR")


def _redact(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {key: redact_text(value) if isinstance(value, str) else value for key, value in event.items()}
