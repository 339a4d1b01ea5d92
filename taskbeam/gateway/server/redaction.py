"""Keeps secrets out of the log: what stands behind ``ticket=`` and its like in a URL is not written."""

from __future__ import annotations

import copy
import logging
import re
from typing import Any

from uvicorn.config import LOGGING_CONFIG

_SECRET = re.compile(
    r"([?&;](?:ticket|token|access_token|id_token|jwt|api_key|key|secret)=)[^&;\s\"']+", re.IGNORECASE
)

#: Three base64url parts, the first of which is a JSON object: a JSON Web Token, wherever it stands.
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")


def redact(text: str) -> str:
    """The text without its secrets."""
    return _TOKEN.sub("[token]", _SECRET.sub(r"\1[secret]", text))


class Redaction(logging.Filter):
    """Redacts a record's message, arguments included; lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _redacted(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_redacted(argument) for argument in record.args)
        return True


def log_config() -> dict[str, Any]:
    """uvicorn's logging, redacted."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"redaction": {"()": Redaction}}
    for handler in config["handlers"].values():
        handler["filters"] = ["redaction"]
    return config


def _redacted(value: Any) -> Any:
    return redact(value) if isinstance(value, str) else value
