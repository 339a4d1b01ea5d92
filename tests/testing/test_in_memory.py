"""The server in memory, where it is not what `fakeredis` brings. tests/taskbeam tries the journal on it."""

from __future__ import annotations

import threading

import redis

from taskbeam.testing.in_memory import connection_class, in_memory_server


def test_what_is_collected_in_the_middle_of_a_command_may_speak() -> None:
    """Celery's results do: they unsubscribe."""
    server = in_memory_server()
    client = redis.Redis(connection_pool=redis.ConnectionPool(connection_class=connection_class(server)))
    heard: list[bool] = []

    def speak() -> None:
        with server.lock:  # as in the middle of another command
            heard.append(client.ping())

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    thread.join(30)
    assert heard == [True]
