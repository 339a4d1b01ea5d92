"""A proxy holds no stream back, whether it compresses, buffers or waits."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing, contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clients import TRANSPORTS
from tests.support.event_stream import HEARTBEAT, EventStream
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.reverse_proxies import HAPROXY, INSTALLED, NGINX, PREFIX, Hop, ReverseProxy, running
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.journal import Journals, Task

EACH = pytest.mark.parametrize("proxy", INSTALLED, ids=lambda proxy: proxy.name)

#: More than a proxy thinks too small to compress.
LARGE = {"message": "Page 1 of 3. " * 500}


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, origin: str) -> Iterator[Gateway]:
    """It is silent between events: a heartbeat could push out what a proxy holds."""
    with gateway(origin, request.param, heartbeat=10 * DEADLINE) as running_gateway:
        yield running_gateway


@pytest.fixture(scope="module", params=PATHS)
def talkative(request: pytest.FixtureRequest, origin: str) -> Iterator[Gateway]:
    """It sends a comment each second."""
    with gateway(origin, request.param, heartbeat=1) as running_gateway:
        yield running_gateway


@contextmanager
def stream(hop: Hop, task: Task) -> Iterator[EventStream]:
    """As a browser asks for it, and as the bytes come."""
    headers = {"Accept": "text/event-stream", "Accept-Encoding": "gzip"}
    with EventStream(hop, task.id, headers=headers, prefix=PREFIX) as opened:
        yield opened


async def follow(hop: Hop, task: Task, transport: str) -> None:
    """Each event arrives before the next one happens; after a cut the client goes on where it was."""
    received: list[dict[str, Any]] = []
    for data in ("small", LARGE, "small again"):
        after = received[-1]["id"] if received else None
        async with aclosing(TRANSPORTS[transport](hop, task.id, after)) as events:  # type: ignore[type-var]
            if not received:
                received.append(await asyncio.wait_for(anext(events), DEADLINE))
            for _ in range(3):
                task.append(data)
                received.append(await asyncio.wait_for(anext(events), DEADLINE))
    task.finish()
    async with aclosing(TRANSPORTS[transport](hop, task.id, received[-1]["id"])) as events:  # type: ignore[type-var]
        received += [event async for event in events]
    assert [event["id"] for event in received] == [str(record.id) for record in task.records()]


@EACH
def test_each_event_arrives_while_the_task_runs(
    proxy: ReverseProxy, served: Gateway, journals: Journals, tmp_path: Path
) -> None:
    with running(proxy, tmp_path, served) as hop:
        for transport in TRANSPORTS:
            asyncio.run(follow(hop, journals.task(), transport))


@pytest.mark.parametrize(
    "proxy", [each for each in INSTALLED if each.compressing_streams], ids=lambda proxy: proxy.name
)
def test_nor_is_it_held_by_one_that_would_compress_streams(
    proxy: ReverseProxy, served: Gateway, task: Task, tmp_path: Path
) -> None:
    assert proxy.compressing_streams is not None
    with running(proxy, tmp_path, served, changes=dict([proxy.compressing_streams])) as hop:
        asyncio.run(follow(hop, task, "sse"))


@EACH
def test_what_is_no_stream_is_compressed(
    proxy: ReverseProxy, served: Gateway, task: Task, tmp_path: Path
) -> None:
    """Or the tests above would prove nothing."""
    with running(proxy, tmp_path, served) as hop:
        for _ in range(3):
            task.append(LARGE)
        headers = {"Accept-Encoding": "gzip"}
        with EventStream(hop, task.id, headers=headers, prefix=PREFIX, resource="") as snapshot:
            assert snapshot.response.getheader("content-encoding") == "gzip"


#: What says in each configuration how long the proxy waits for more of a stream.
WAITS = {
    NGINX.name: ("proxy_read_timeout",),
    HAPROXY.name: ("timeout client", "timeout server", "timeout tunnel"),
}


def test_heartbeats_keep_a_silent_stream_open(talkative: Gateway, journals: Journals, tmp_path: Path) -> None:
    def lives(patience: int) -> bool:
        """Whether a stream outlives proxies that wait for so many seconds."""
        task = journals.task()
        with ExitStack() as stack:
            streams = []
            for proxy in (each for each in INSTALLED if each.name in WAITS):
                directory = tmp_path / f"{proxy.name}-{patience}"
                directory.mkdir()
                changes = {f"{wait} 60s": f"{wait} {patience}s" for wait in WAITS[proxy.name]}
                hop = stack.enter_context(running(proxy, directory, talkative, changes=changes))
                streams.append(stack.enter_context(stream(hop, task)))
            try:
                for opened in streams:
                    assert opened.body() == task.bodies()[0]
                    for _ in range(patience + 2):
                        assert opened.raw_line() == HEARTBEAT
            except (AssertionError, HTTPException, ConnectionError):
                return False
            task.append("after the silence")
            return all(b"after the silence" in opened.line() for opened in streams)

    assert any(map(lives, (3, 12, 40))), "not even where proxies wait for longer than a machine stands still"


@pytest.mark.parametrize("proxy", [each for each in INSTALLED if each is NGINX], ids=["HTTP/1.0"])
def test_a_hop_that_speaks_http_1_0(
    proxy: ReverseProxy, served: Gateway, journals: Journals, tmp_path: Path
) -> None:
    """As nginx does if it is not told otherwise."""
    changes = {"            proxy_http_version 1.1;\n": ""}
    with running(proxy, tmp_path, served, changes=changes) as hop:
        for transport in ("sse", "polling"):
            asyncio.run(follow(hop, journals.task(), transport))
