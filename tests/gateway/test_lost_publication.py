"""An event that is in the journal and was never published reaches whoever is connected within a heartbeat."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.support.event_stream import EventStream
from tests.support.raw_websocket import RawWebSocket

if TYPE_CHECKING:
    import httpx

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

#: Seconds. A client that does not answer a heartbeat until the next is dropped, and this one may stand still:
#: then it comes again, so many times.
SETTINGS, TRIES = {"heartbeat": 4}, 5

#: Seconds; nobody waits for so long.
LONG = 60


def test_on_a_stream(served: Gateway, task: Task) -> None:
    with EventStream(served, task.id, "", {}) as stream:
        assert stream.body() == task.bodies()[0]
        lost = task.append_unheard("lost")
        assert stream.body() == lost
        task.append("the next comes as ever")
        assert stream.body() == task.bodies()[-1]


def hears(served: Gateway, path: str, task: Task, **asked: object) -> bool:
    """Whether a socket is told; not where it was dropped, for this process stood still for a heartbeat."""
    try:
        with RawWebSocket(served, path) as socket:
            if asked:
                socket.say(**asked)
                assert socket.json()["op"] == "subscribed"
            assert socket.body() == task.bodies()[0]
            lost = task.append_unheard("lost")
            assert socket.body() == lost
    except (EOFError, ConnectionError):
        return False
    return True


def test_on_the_socket_of_one_task(served: Gateway, journals: Journals) -> None:
    tasks = (journals.task() for _ in range(TRIES))
    assert any(hears(served, f"/tasks/{task.id}/ws", task) for task in tasks)


def test_on_a_socket_of_many(served: Gateway, journals: Journals) -> None:
    tasks = (journals.task() for _ in range(TRIES))
    assert any(hears(served, "/ws", task, op="subscribe", task_id=task.id) for task in tasks)


def test_on_a_long_poll(http: httpx.Client, task: Task) -> None:
    last = task.append()
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(
            http.get, f"/tasks/{task.id}/events", params={"after": str(last), "wait": LONG}, timeout=2 * LONG
        )
        task.wait_for_subscribers()
        lost = task.append_unheard("lost")
        assert lost in poll.result(timeout=LONG / 2).content


def test_a_final_event_ends_the_stream(served: Gateway, task: Task) -> None:
    with EventStream(served, task.id, "", {}) as stream:
        stream.body()
        task.append_unheard("lost")
        task.finish()  # the next event shows the hole
        assert [stream.body(), stream.body()] == task.bodies()[1:]
        assert stream.rest() == b""
