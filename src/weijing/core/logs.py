"""One line per event. Only named fields leave; free text, names and phones have no field here."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

Event = MutableMapping[str, Any]

# An allow-list: a field that is not here is dropped, whatever a caller passes.
FIELDS = frozenset(
    {
        "event", "level", "timestamp", "api", "errcode", "attempt", "ms", "job", "count", "kind",
        "campaign_id", "share_id", "officer_id", "contact_id", "county", "state", "outcome",
        "exception", "error_type", "path", "status", "port", "pid", "reason_code", "run_id",
    }
)  # fmt: skip


def _allow(_logger: Any, _method: str, event: Event) -> Event:
    return {key: value for key, value in event.items() if key in FIELDS}


def _frames_only(_logger: Any, _method: str, event: Event) -> Event:
    """An exception's type and frames; its arguments may hold a person's data."""
    info = event.pop("exc_info", None)
    if info:
        error = info if isinstance(info, BaseException) else sys.exc_info()[1]
        if error is not None:
            frames, trace = [], error.__traceback__
            while trace:
                code = trace.tb_frame.f_code
                frames.append(f"{code.co_filename.rsplit('/', 3)[-1]}:{trace.tb_lineno}")
                trace = trace.tb_next
            event["error_type"] = type(error).__name__
            event["exception"] = " > ".join(frames[-8:])
    return event


class _DropArguments(logging.Filter):
    """Libraries log through the standard module; their tracebacks lose the arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            record.msg = f"{record.name}: {type(error).__name__}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


def configure(level: str, *, to_terminal: bool) -> None:
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if to_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _frames_only,
            _allow,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_DropArguments())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


log = structlog.get_logger()
