"""TLS ends at the proxy: https, wss and the cookie work as without it, and the gateway knows the scheme."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.reverse_proxies import INSTALLED, Hop, Tls, running
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.journal import Task

SERVING_TLS = [each for each in INSTALLED if each.serving_tls]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls.made_in(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, origin: str) -> Iterator[Gateway]:
    """It is silent between events: a heartbeat could push out what a proxy holds."""
    settings = TOKENS | {"heartbeat": 10 * DEADLINE, "allowed_hosts": '["localhost"]'}
    with gateway(origin, request.param, **settings) as running_gateway:
        yield running_gateway


@pytest.fixture(scope="module", params=SERVING_TLS, ids=lambda proxy: proxy.name)
def hop(
    request: pytest.FixtureRequest, served: Gateway, tls: Tls, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hop]:
    with running(request.param, tmp_path_factory.mktemp("proxy"), served, tls=tls) as running_proxy:
        yield running_proxy


@pytest.fixture
def http(tls: Tls) -> Iterator[httpx.Client]:
    """A client that keeps cookies as a browser does, by scheme and path."""
    with httpx.Client(verify=tls.context, timeout=DEADLINE) as client:
        yield client


def of_page(hop: Hop, scheme: str = "https") -> Origin:
    """The origin of a page that the proxy serves."""
    return Origin(f"{scheme}://localhost:{hop.port}")


def test_the_cookie_opens_the_stream_and_each_event_arrives(hop: Hop, http: httpx.Client, task: Task) -> None:
    url = f"{hop.http}/tasks/{task.id}"
    answer = http.post(f"{url}/cookie", headers=bearer(sign(tasks=[task.id])) | {"Origin": of_page(hop)})
    assert answer.status_code == 204
    assert [(each.name, each.secure) for each in http.cookies.jar] == [("__Secure-taskbeam", True)]
    with http.stream("GET", f"{url}/events", headers={"Accept": "text/event-stream"}) as stream:
        assert stream.status_code == 200
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        for number in range(3):
            assert next(lines).removeprefix("data: ").encode() == task.bodies()[number]
            task.append()
    assert http.get(f"{hop.http}/tasks/another").status_code == 401


def opening(hop: Hop, tls: Tls, task: Task, path: str, origin: Origin) -> connect:
    """A socket that a page of ``origin`` opens. In one thread: OpenSSL lets no two use one connection."""
    return connect(
        hop.ws + path.format(task.id),
        ssl=tls.context,
        additional_headers=bearer(sign(tasks=[task.id])),
        origin=origin,
        proxy=None,
    )


@pytest.mark.parametrize("path", ["/tasks/{}/ws", "/ws"])
def test_a_page_of_the_proxy_opens_a_socket(hop: Hop, tls: Tls, task: Task, path: str) -> None:
    async def scene() -> None:
        async with opening(hop, tls, task, path, of_page(hop)) as socket, asyncio.timeout(DEADLINE):
            if path == "/ws":
                await socket.send(f'{{"op": "subscribe", "task_id": "{task.id}"}}')
                assert '"subscribed"' in str(await socket.recv())
            for number in range(3):
                assert str(await socket.recv()).encode() == task.bodies()[number]
                task.append()

    asyncio.run(scene())


def test_a_page_of_the_same_host_without_tls_is_another_site(hop: Hop, tls: Tls, task: Task) -> None:
    async def scene() -> None:
        async with opening(hop, tls, task, "/tasks/{}/ws", of_page(hop, "http")):
            pass

    with pytest.raises(InvalidStatus):
        asyncio.run(scene())
