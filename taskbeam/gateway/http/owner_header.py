"""`Taskbeam-Owner`: whose a task is, as its sender says. The header's bytes become a name, or are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from taskbeam.gateway.http.answer_body import forbid_null
from taskbeam.gateway.problems import INVALID_REQUEST, TaskbeamError
from taskbeam.journal.labels import MAX_LENGTH, label

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = b"taskbeam-owner"

#: An extended value (RFC 8187, 3.2): charset, language, and the text in percent encoding.
_EXTENDED = re.compile(rb"utf-8'[A-Za-z0-9-]*'((?:[^%]|%[0-9A-Fa-f]{2})*)", re.IGNORECASE)


def owner_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Whom the request's headers name: in UTF-8, or as ``UTF-8''J%C3%BCrgen`` for clients that send ASCII.

    None where there is no such header. Raises `TaskbeamError` ``invalid_request`` for one that cannot be a
    label, and for a second one: a task has one owner, or is nobody's because nobody was named.
    """
    values = [value for name, value in headers if name == NAME]
    if not values:
        return None
    try:
        (value,) = values
        extended = _EXTENDED.fullmatch(value)
        return label((unquote_to_bytes(extended[1]) if extended else value).decode())
    except ValueError:
        raise TaskbeamError(
            INVALID_REQUEST,
            f"Taskbeam-Owner is there once, and names somebody in 1 to {MAX_LENGTH} printable characters, in "
            "UTF-8 or as RFC 8187 writes it: UTF-8''J%C3%BCrgen.",
        ) from None


def describe_owner(schema: dict[str, Any]) -> None:
    """Only told, for a document has ASCII alone in a header; `owner_in` reads it."""
    forbid_null(schema)
    schema |= {"minLength": 1, "maxLength": MAX_LENGTH, "pattern": "^[!-~]+( [!-~]+)*$"}
