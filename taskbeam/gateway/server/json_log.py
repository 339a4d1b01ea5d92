"""Log lines as JSON objects, one a line, without secrets: `TASKBEAM_LOG_FORMAT=json`."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from taskbeam.background.log_fields import FIELDS, surroundings
from taskbeam.gateway.server.redaction import redact

#: Characters of a message and of an exception. What is longer keeps its beginning and its end.
MAX_TEXT = 16_000

#: The arguments of uvicorn's line about a request.
_REQUEST = ("client", "method", "path", "http_version", "status")


class JsonFormatter(logging.Formatter):
    """Members: ``ts`` (RFC 3339, UTC), ``level``, ``logger``, ``message``; and where there are such,
    ``exception``, the fields of `taskbeam.background.log_fields`, and those of a request.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line; a record that cannot be formatted is told all the same."""
        try:
            message = record.getMessage()
        except Exception as error:
            message = f"{record.msg!s} {record.args!r} cannot be formatted: {error!r}"
        members: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _told(message),
            **_about(record),
            **_request(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            members["exception"] = _told(self.formatException(record.exc_info))
        if record.stack_info:
            members["stack"] = _told(record.stack_info)
        return json.dumps(members, ensure_ascii=False)


def _about(record: logging.LogRecord) -> dict[str, str]:
    """What the record says itself; of a library's the connection and the trace that it is about."""
    said = {name: str(value) for name in FIELDS if (value := getattr(record, name, None))}
    return surroundings() | said


def _request(record: logging.LogRecord) -> dict[str, Any]:
    args = record.args
    if record.name != "uvicorn.access" or not isinstance(args, tuple) or len(args) != len(_REQUEST):
        return {}
    return {
        name: redact(value) if isinstance(value, str) else value
        for name, value in zip(_REQUEST, args, strict=True)
    }


def _told(text: str) -> str:
    told = redact(text)  # as a whole: of half a secret nobody knows that it is one
    half = MAX_TEXT // 2
    return told if len(told) <= MAX_TEXT else f"{told[:half]} … {told[-half:]}"
