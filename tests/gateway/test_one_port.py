"""Several gateways on one port: they share the clients, and take over from each other."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from stack.ports import LOOPBACK, listeners
from stack.process import ManagedProcess
from tests.support.gateway import PATHS, ROOT, gateway
from tests.support.raw_websocket import RawWebSocket
from tests.support.waiting import START_TIMEOUT, wait_until

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from tests.support.journal import Journals

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares evenly")

#: So many that one of two processes cannot have them all by chance.
CLIENTS = 48


@pytest.mark.parametrize("path", PATHS)
def test_who_was_connected_to_the_one_comes_back_to_the_other(
    path: str, valkey: Valkey, journals: Journals
) -> None:
    origin = valkey.url().removesuffix("/0")
    task = journals.task()
    address = f"/tasks/{task.id}/ws"
    with (
        gateway(origin, path, reuse_port=1, shutdown_timeout=1) as one,
        gateway(origin, path, reuse_port=1, port=one.port) as other,
        ExitStack() as stack,
    ):
        wait_until(lambda: listeners(one.port) == 2)
        clients = [stack.enter_context(RawWebSocket(one, address)) for _ in range(CLIENTS)]
        received = [[client.body()] for client in clients]

        one.process.stop()
        cursor = task.records()[0].id
        task.grow(3)
        task.finish()

        sent_away = 0
        for client, bodies in zip(clients, received, strict=True):
            bodies += client.bodies()
            if len(bodies) < len(task.bodies()):
                sent_away += 1
                with RawWebSocket(other, f"{address}?after={cursor}") as again:
                    bodies += again.bodies()
        assert received == [task.bodies()] * CLIENTS
        assert 0 < sent_away < CLIENTS


def test_a_port_of_somebody_who_does_not_share_is_refused(valkey: Valkey) -> None:
    with socket.create_server((LOOPBACK, 0)) as selfish:
        settings = {
            "TASKBEAM_PORT": str(selfish.getsockname()[1]),
            "TASKBEAM_REUSE_PORT": "1",
            "TASKBEAM_AUTH": "open",
            "TASKBEAM_RESULT_BACKEND": f"taskbeam+{valkey.url()}",
        }
        with ManagedProcess("gateway", [sys.executable, "-m", "app"], env=settings, cwd=ROOT) as process:
            assert process.wait(START_TIMEOUT) == 3
            assert "Cannot listen" in process.output
            assert "in use" in process.output
