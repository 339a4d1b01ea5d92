"""What the gateway learns of a client through a proxy: its address, its host, and the prefix of its URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.event_stream import EventStream
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.raw_websocket import RawWebSocket
from tests.support.reverse_proxies import (
    CADDY,
    EXPRESS,
    HAPROXY,
    INSTALLED,
    NGINX,
    PREFIX,
    Hop,
    ReverseProxy,
    running,
)
from tests.support.tokens import API_KEY, TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.journal import Task

HOST = "live.example"

#: Addresses of this machine, each for one client of one test.
ADDRESSES = (f"127.0.1.{number}" for number in range(1, 255))


@pytest.fixture(scope="module", params=PATHS)
def served(
    request: pytest.FixtureRequest, origin: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """It takes one connection from each address, and asks for tokens."""
    settings = TOKENS | {
        "heartbeat": 1,  # HAProxy notices that a client has left when there is something to send to it
        "max_connections_per_address": 1,
        "allowed_hosts": f'["{HOST}", "127.0.0.1"]',
        "uploads_dir": tmp_path_factory.mktemp("uploads"),
    }
    with gateway(origin, request.param, **settings) as running_gateway:
        yield running_gateway


@pytest.fixture(scope="module", params=INSTALLED, ids=lambda proxy: proxy.name)
def hop(
    request: pytest.FixtureRequest, served: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hop]:
    proxy: ReverseProxy = request.param
    with running(proxy, tmp_path_factory.mktemp(proxy.name), served) as running_proxy:
        yield running_proxy


def stream(hop: Hop, task: Task, source: str, **headers: str) -> EventStream:
    said = bearer(sign(tasks=[task.id])) | {"Accept": "text/event-stream"} | headers
    return EventStream(hop, task.id, headers=said, prefix=PREFIX, source=source)


def status(hop: Hop, task: Task, source: str, **headers: str) -> int:
    with stream(hop, task, source, **headers) as opened:
        return opened.status


def test_a_client_is_counted_by_its_own_address(hop: Hop, task: Task) -> None:
    here, there = next(ADDRESSES), next(ADDRESSES)
    with stream(hop, task, here) as one, stream(hop, task, there) as other:
        assert (one.status, other.status) == (200, 200)
        assert status(hop, task, here) == status(hop, task, there) == 429
    wait_until(lambda: status(hop, task, here) == 200)


def test_an_address_that_the_client_makes_up_counts_for_nothing(hop: Hop, task: Task) -> None:
    here, there = next(ADDRESSES), next(ADDRESSES)
    with stream(hop, task, here, **{"X-Forwarded-For": there}) as one:
        assert one.status == 200
        assert status(hop, task, here, **{"X-Forwarded-For": "192.0.2.1"}) == 429
        assert status(hop, task, there) == 200


def test_every_url_has_the_prefix(hop: Hop) -> None:
    headers = {"X-API-Key": API_KEY}
    answer = httpx.post(f"{hop.http}/images", content=b"a picture", headers=headers, timeout=60)
    assert answer.status_code == 202
    sent = answer.json()
    assert answer.headers["location"] == sent["urls"]["self"] == f"{PREFIX}/tasks/{sent['task_id']}"
    assert all(PREFIX + "/tasks/" in url for url in sent["urls"].values())
    followed = httpx.get(
        f"http://127.0.0.1:{hop.port}{answer.headers['location']}",
        headers=bearer(sent["token"]),
        timeout=60,
    )
    assert (followed.status_code, followed.json()["task_id"]) == (200, sent["task_id"])


def test_a_cookie_is_for_the_path_that_the_browser_knows(hop: Hop, task: Task) -> None:
    answer = httpx.post(
        f"{hop.http}/tasks/{task.id}/cookie", headers=bearer(sign(tasks=[task.id])), timeout=60
    )
    assert answer.status_code == 204
    assert f"Path={PREFIX}/tasks/{task.id}" in answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(("page", "opens"), [(HOST, True), ("other.example", False)])
def test_a_page_is_known_by_the_host_that_the_browser_asked_for(
    hop: Hop, task: Task, page: str, opens: bool
) -> None:
    headers = {"Host": HOST, "Origin": f"http://{page}"} | bearer(sign(tasks=[task.id]))
    with RawWebSocket(hop, f"{PREFIX}/tasks/{task.id}/ws", headers=headers) as socket:
        assert (socket.status == 101) is opens


def counts_all_as_one(hop: Hop, task: Task) -> bool:
    with stream(hop, task, next(ADDRESSES)) as one:
        return (one.status, status(hop, task, next(ADDRESSES))) == (200, 429)


def lacks_the_prefix(hop: Hop, _: Task) -> bool:
    headers = {"X-API-Key": API_KEY}
    answer = httpx.post(f"{hop.http}/images", content=b"a picture", headers=headers, timeout=60)
    return answer.headers["location"].startswith("/tasks/")


def opens_no_socket(hop: Hop, task: Task) -> bool:
    headers = {"Host": HOST, "Origin": f"http://{HOST}"} | bearer(sign(tasks=[task.id]))
    with RawWebSocket(hop, f"{PREFIX}/tasks/{task.id}/ws", headers=headers) as socket:
        return socket.status != 101


@pytest.mark.parametrize(
    ("proxy", "line", "breaks"),
    [
        (NGINX, "proxy_set_header Host $http_host;", opens_no_socket),
        (NGINX, "proxy_set_header Upgrade $http_upgrade;", opens_no_socket),
        (NGINX, "proxy_set_header X-Forwarded-For $remote_addr;", counts_all_as_one),
        (NGINX, "proxy_set_header X-Forwarded-Prefix /live;", lacks_the_prefix),
        (HAPROXY, "http-request set-header X-Forwarded-For %[src]", counts_all_as_one),
        (HAPROXY, "http-request set-header X-Forwarded-Prefix /live", lacks_the_prefix),
        (CADDY, "header_up X-Forwarded-Prefix /live", lacks_the_prefix),
        (EXPRESS, 'outgoing.setHeader("X-Forwarded-For", request.socket.remoteAddress);', counts_all_as_one),
        (EXPRESS, 'outgoing.setHeader("X-Forwarded-Prefix", "/live");', lacks_the_prefix),
    ],
    ids=lambda value: value.name if isinstance(value, ReverseProxy) else None,
)
def test_no_line_may_be_left_out(
    served: Gateway,
    task: Task,
    tmp_path: Path,
    proxy: ReverseProxy,
    line: str,
    breaks: Callable[[Hop, Task], bool],
) -> None:
    """What the page says of it happens."""
    with running(proxy, tmp_path, served, changes={line: ""}) as hop:
        assert breaks(hop, task)
