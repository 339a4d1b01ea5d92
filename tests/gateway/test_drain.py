"""A gateway that stops tells its clients, and they go on at another one without a gap."""

from __future__ import annotations

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import IncompleteRead

import pytest

from stack.valkey import Valkey
from tests.support.event_stream import EventStream, bodies_of
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.journal import Journals
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.results import server_of_results
from tests.support.waiting import wait_until

SHUTDOWN_TIMEOUT = 2

#: Seconds that the end of the process may take beyond its shutdown timeout, on a busy machine.
SLACK = 50.0


def leftover(stream: EventStream) -> bytes:
    """What comes until the end, whether it is a clean one or not."""
    try:
        return stream.rest()
    except IncompleteRead as cut:
        return cut.partial


@pytest.mark.parametrize("path", PATHS)
def test_clients_go_on_elsewhere_without_a_gap(path: str, valkey: Valkey, journals: Journals) -> None:
    origin = valkey.url().removesuffix("/0")
    task = journals.task()
    with (
        gateway(origin, path, shutdown_timeout=SHUTDOWN_TIMEOUT) as first,
        gateway(origin, path) as second,
        EventStream(first, task.id) as stream,
        RawWebSocket(first, f"/tasks/{task.id}/ws") as one,
        RawWebSocket(first) as many,
    ):
        many.say(op="subscribe", task_id=task.id)
        assert many.json()["op"] == "subscribed"
        streamed, sent, multiplexed = [stream.body()], [one.body()], [many.body()]

        first.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert one.closed().code == many.closed().code == 1012
        task.append("while the first drains")
        streamed += bodies_of(leftover(stream))
        first.process.wait(SHUTDOWN_TIMEOUT + SLACK)
        assert time.monotonic() - began < SHUTDOWN_TIMEOUT + SLACK
        task.grow(2)
        task.finish()

        cursor = streamed[-1].split(b'"')[3].decode()
        with EventStream(second, task.id, headers={"Last-Event-ID": cursor}) as resumed:
            streamed += bodies_of(resumed.rest())
        with RawWebSocket(second, f"/tasks/{task.id}/ws?after={task.records()[0].id}") as socket:
            sent += socket.bodies()
        with RawWebSocket(second) as socket:
            socket.say(op="subscribe", task_id=task.id, after=str(task.records()[0].id))
            assert socket.json()["op"] == "subscribed"
            multiplexed += [socket.body() for _ in range(4)]
        assert streamed == sent == multiplexed == task.bodies()


def test_detached_streams_end_cleanly_and_come_back_at_different_moments(
    valkey: Valkey, journals: Journals
) -> None:
    task = journals.task()
    with gateway(valkey.url().removesuffix("/0")) as served, ExitStack() as stack:
        streams = [stack.enter_context(EventStream(served, task.id)) for _ in range(8)]
        for stream in streams:
            stream.block()
        served.process.send_signal(signal.SIGTERM)
        last_words = [stream.rest() for stream in streams]
        served.process.wait(SLACK)
    delays = []
    for words in last_words:
        field, _, milliseconds = words.partition(b": ")
        assert field == b"retry"
        assert milliseconds.endswith(b"\n\n")
        delays.append(int(milliseconds))
    assert len(set(delays)) > 1
    assert all(500 <= delay <= 4000 for delay in delays)


def test_with_time_to_drain_clients_stay_until_their_moment(valkey: Valkey, journals: Journals) -> None:
    task = journals.task()
    with gateway(valkey.url().removesuffix("/0"), drain=10_000.0) as served, ExitStack() as stack:
        streams = [stack.enter_context(EventStream(served, task.id)) for _ in range(4)]
        sockets = [stack.enter_context(RawWebSocket(served, f"/tasks/{task.id}/ws")) for _ in range(4)]
        followers: list[EventStream | RawWebSocket] = [*streams, *sockets]
        for follower in followers:
            follower.body()
        served.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not listens(served))
        task.append("told while it drains")
        assert [follower.body() for follower in followers] == [task.bodies()[-1]] * 8
        served.process.kill()


def test_whoever_is_there_when_the_time_is_over_was_told(valkey: Valkey, journals: Journals) -> None:
    task = journals.task()
    with gateway(valkey.url().removesuffix("/0"), drain=0.5) as served, ExitStack() as stack:
        stream = stack.enter_context(EventStream(served, task.id))
        sockets = [stack.enter_context(RawWebSocket(served, f"/tasks/{task.id}/ws")) for _ in range(4)]
        stream.body()
        for each in sockets:
            each.body()
        served.process.send_signal(signal.SIGTERM)
        assert [each.closed().code for each in sockets] == [1012] * 4
        assert b"retry" in stream.rest()
        served.process.wait(SLACK)


def listens(served: Gateway) -> bool:
    """Whether new clients are taken."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", served.port)) == 0


@pytest.mark.parametrize("path", PATHS)
def test_clients_that_do_not_read_hold_nothing_up(path: str, valkey: Valkey, journals: Journals) -> None:
    task = journals.task(limit=10_000)
    origin = valkey.url().removesuffix("/0")
    with (
        gateway(origin, path, shutdown_timeout=SHUTDOWN_TIMEOUT) as served,
        EventStream(served, task.id, receive_buffer=32 * 1024),
        RawWebSocket(served, f"/tasks/{task.id}/ws", receive_buffer=32 * 1024),
    ):
        task.wait_for_subscribers()
        while task.subscribers:  # until both are behind
            task.append("x" * 20_000)
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(SHUTDOWN_TIMEOUT + SLACK)


def test_a_stream_that_is_admitted_while_the_gateway_stops_is_told_too() -> None:
    timeout = 120
    with (
        Valkey() as own,
        Journals(own.url(1)) as journals,
        gateway(own.url().removesuffix("/0"), redis_timeout=timeout, shutdown_timeout=timeout) as served,
        ThreadPoolExecutor() as pool,
    ):
        task = journals.task()
        results = server_of_results(own)
        results.pause()
        try:
            opening = pool.submit(EventStream, served, task.id)
            wait_until(lambda: served.clients() > 0)
            served.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not accepts(served))
        finally:
            results.resume()
        with opening.result() as stream:
            began = time.monotonic()
            assert stream.body() == task.bodies()[0]
            assert stream.rest().startswith(b"retry: ")
            served.process.wait(SLACK)
            assert time.monotonic() - began < timeout / 2


def test_a_socket_is_told_to_come_back(valkey: Valkey, journals: Journals) -> None:
    task = journals.task()
    with (
        gateway(valkey.url().removesuffix("/0")) as served,
        RawWebSocket(served, f"/tasks/{task.id}/ws") as socket,
    ):
        socket.body()
        served.process.send_signal(signal.SIGTERM)
        assert socket.closed() == Closed(1012, "restarting")


def accepts(served: Gateway) -> bool:
    try:
        socket.create_connection(("127.0.0.1", served.port), timeout=60).close()
    except ConnectionError:
        return False
    return True
