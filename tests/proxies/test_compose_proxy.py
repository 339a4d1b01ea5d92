"""The proxy of docker-compose.yml, with the same file, in front of two real gateways."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers
from tests.support.clients import TRANSPORTS
from tests.support.gateway import ROOT, Gateway, gateway
from tests.support.reverse_proxies import NGINX, path_of
from tests.support.waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clients import Event
    from tests.support.journal import Task

pytestmark = pytest.mark.skipif(not NGINX.found, reason="needs nginx")


@pytest.fixture(scope="module")
def proxied(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory: Path = tmp_path_factory.mktemp("nginx")
    with gateway(origin) as one, gateway(origin) as two, kept_port() as port:
        text = (ROOT / "deploy/nginx.conf").read_text()
        replaced = {
            "server gateway:8000": f"server 127.0.0.1:{one.port}",
            "server gateway-2:8000": f"server 127.0.0.1:{two.port}",
            "listen 8080": f"listen 127.0.0.1:{port}",
        }
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        (directory / "nginx.conf").write_text(text)
        own = f"daemon off; pid {directory}/pid;"
        argv = [str(path_of("nginx")), "-p", str(directory), "-c", f"{directory}/nginx.conf", "-e", "stderr"]
        with ManagedProcess("nginx", [*argv, "-g", own], cwd=directory) as process:
            found = Gateway(process, port)
            process.wait_until(UrlAnswers(f"{found.http}/readyz"), START_TIMEOUT)
            yield found


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_task_is_followed_live_through_it(proxied: Gateway, transport: str, task: Task) -> None:
    async def follow() -> list[Event]:
        got: list[Event] = []
        async for event in TRANSPORTS[transport](proxied, task.id, None):
            got.append(event)
            # The next one is said when this one has come: what is held back would never end.
            if len(got) < 5:
                await asyncio.to_thread(task.append, len(got))
            elif len(got) == 5:
                await asyncio.to_thread(task.finish)
        return got

    got = asyncio.run(asyncio.wait_for(follow(), 120))
    assert [event["id"] for event in got] == [str(record.id) for record in task.records()]
