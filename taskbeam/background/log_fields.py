"""What a log line is about, as fields of its record: for handlers that write lines as JSON."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from os import urandom
from typing import TYPE_CHECKING

from taskbeam.tracing.current import current_traceparent
from taskbeam.tracing.traceparent import trace_id_in

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The attributes that our records have where they are about such a thing.
FIELDS = ("task_id", "ref", "trace_id", "connection_id")

#: Of this process: connections are numbered in each from 1 on.
_PROCESS = urandom(3).hex()

_numbers = count(1)

_connection: ContextVar[int] = ContextVar("taskbeam_connection", default=0)

#: The number of the connection that this code serves; 0 where it serves none.
current_connection = _connection.get


def about(*, task_id: str | None = None, ref: str | None = None, connection: int = 0) -> dict[str, str]:
    """The ``extra`` of a log call: the task, the reference of a failure, and the connection by its number.

    The current trace is named, too, and the connection that is served here unless another one is given.
    """
    fields = {"task_id": task_id, "ref": ref, **surroundings(connection)}
    return {name: value for name, value in fields.items() if value}


def surroundings(connection: int = 0) -> dict[str, str]:
    """The fields that the code has which logs, whatever it logs."""
    fields = {}
    if number := connection or current_connection():
        fields["connection_id"] = f"{_PROCESS}-{number}"
    if trace := current_traceparent():
        fields["trace_id"] = trace_id_in(trace)
    return fields


def number_connection() -> int:
    """The number of the connection that is served here, or of one that nobody has numbered yet."""
    return current_connection() or next(_numbers)


def begin_connection() -> None:
    """From here on this context serves a connection, if it does not yet."""
    _connection.set(number_connection())


@contextmanager
def serving(connection: int) -> Iterator[None]:
    """The block serves the connection with this number."""
    token = _connection.set(connection)
    try:
        yield
    finally:
        _connection.reset(token)
