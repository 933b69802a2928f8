"""Logs as JSON lines on standard error or in a file; secrets of devices are taken out of every line (rule R4)."""

import contextlib
import logging
import sys
from typing import Any

import structlog

from roomkeeper.systems.documents.redaction import redact_text

log = structlog.get_logger(__name__)


def configure(level: str, file: str = "") -> None:
    """Send our own and the libraries' logs the same way: into the file, or to standard error. Raises `OSError` where
    the file cannot be opened."""
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
    handler = _LogFile(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr)
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
    logging.getLogger("uvicorn.error").setLevel("ERROR")
    logging.getLogger("django.request").setLevel("ERROR")


class _LogFile(logging.FileHandler):
    """A log file that whoever rotates it may rename."""

    def reopen(self) -> None:
        """Go on in a file of the same name; in the old one where none can be made."""
        with self.lock or contextlib.nullcontext():
            before = self.stream
            try:
                self.stream = self._open()
            except OSError:
                log.exception("the log file cannot be opened again")
            else:
                if before is not None:
                    before.close()


def reopen() -> None:
    """Open the log file again (SIGHUP); nothing to do on standard error."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _LogFile):
            handler.reopen()
    log.info("the log was opened again")


def _redact(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {key: redact_text(value) if isinstance(value, str) else value for key, value in event.items()}
