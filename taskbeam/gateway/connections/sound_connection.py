"""A pooled connection of AMQP: whether the broker is still at its other end, and its end after a failure.

A broker that restarts closes connections that nobody reads, so the next message would be the first to notice.
And an answer that nobody waited for would be taken for that to the next message. Redis' client sees to both.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

from taskbeam.connections.configuration_error import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kombu import Connection

SILENT = "The broker did not answer in time."


def is_amqp(connection: Connection) -> bool:
    """Whether the transport speaks AMQP by py-amqp, as to RabbitMQ; nothing is connected."""
    return getattr(connection.get_transport_cls(), "driver_name", None) == "py-amqp"


@contextmanager
def sound(connection: Connection) -> Iterator[None]:
    """Use it in the block: where the broker has left it, it is connected again, and where that fails, closed.

    Raises:
        kombu.exceptions.OperationalError: what AMQP or the socket says, in one kind of error.
    """
    if not is_amqp(connection):
        yield
        return
    try:
        _close_if_left(connection)
        yield
    except TimeoutError as error:
        _close(connection)
        raise OperationalError(SILENT) from error
    except (AMQPError, OSError, OperationalError) as error:
        _close(connection)
        # Celery has made this kind of all kinds, and of a timeout one without a word.
        raise OperationalError(one_line(error) if str(error) else SILENT) from error


def _close_if_left(connection: Connection) -> None:
    """Read what has come by itself: mostly nothing, and the end where there is one."""
    try:
        while connection.connected:
            connection.drain_events(timeout=0)
    except TimeoutError:
        pass
    except (AMQPError, OSError):
        _close(connection)


def _close(connection: Connection) -> None:
    """At once, without asking the broker, which may not answer. It connects again when it is used."""
    if connection.connected:
        connection.connection.collect()
    connection.collect()  # the socket of one that is known to be dead
