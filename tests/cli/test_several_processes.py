"""`taskbeam serve --workers N`: several processes on one address that live and end as one."""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import ExitStack
from http.client import HTTPException
from typing import TYPE_CHECKING

import psutil
import pytest

from stack.ports import LOOPBACK, kept_port, listeners
from tests.support.event_stream import EventStream, bodies_of
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.waiting import DEADLINE, START_TIMEOUT

from .running import serving

if TYPE_CHECKING:
    from pathlib import Path

    from stack.valkey import Valkey
    from tests.support.journal import Journals

WORKERS = 3

#: So many that one of three processes cannot have them all by chance.
CLIENTS = 48


def assert_gone(*processes: psutil.Process) -> None:
    _, alive = psutil.wait_procs(processes, timeout=DEADLINE)
    assert alive == []


def connections(process: psutil.Process, port: int) -> int:
    """How many clients it has."""
    found = process.net_connections("tcp")
    return sum(each.laddr.port == port and each.status != psutil.CONN_LISTEN for each in found)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux deals connections out")
def test_they_share_the_clients(valkey: Valkey, journals: Journals) -> None:
    task = journals.task()
    with ExitStack() as stack:
        metrics = stack.enter_context(kept_port())
        served = stack.enter_context(serving(valkey, "--workers", str(WORKERS), metrics_port=str(metrics)))
        processes = served.wait_until_serving(WORKERS)
        ports = sorted(process.environ()["TASKBEAM_METRICS_PORT"] for process in processes)
        assert ports == sorted(str(metrics + place) for place in range(WORKERS))
        for _ in range(CLIENTS):
            client = stack.enter_context(RawWebSocket(served.gateway, f"/tasks/{task.id}/ws"))
            assert client.body() == task.bodies()[0]
        counts = [connections(process, served.port) for process in processes]
        assert sum(counts) == CLIENTS
        assert all(counts)


def test_one_that_is_killed_is_replaced_and_its_clients_resume(valkey: Valkey, journals: Journals) -> None:
    task = journals.task()
    with serving(valkey, "--workers", "2") as served:
        before = served.wait_until_serving(2)
        with EventStream(served.gateway, task.id) as stream:
            received = [stream.body()]
            (holding,) = [process for process in before if connections(process, served.port)]
            holding.kill()
            with pytest.raises((HTTPException, ConnectionError)):
                stream.rest()
        served.wait_for(f"Process {holding.pid}", "was ended by SIGKILL", "started now")
        cursor = str(task.records()[0].id)
        task.grow(2)
        task.finish()
        with EventStream(served.gateway, task.id, headers={"Last-Event-ID": cursor}) as again:
            received += bodies_of(again.rest())
        assert received == task.bodies()
        after = served.wait_until_serving(2)
        assert {process.pid for process in before} - {process.pid for process in after} == {holding.pid}


def test_sigterm_ends_all_with_a_word_to_each_client(valkey: Valkey, journals: Journals) -> None:
    task = journals.task()
    with serving(valkey, "--workers", str(WORKERS)) as served, ExitStack() as stack:
        processes = served.wait_until_serving(WORKERS)
        sockets = [
            stack.enter_context(RawWebSocket(served.gateway, f"/tasks/{task.id}/ws")) for _ in range(CLIENTS)
        ]
        stream = stack.enter_context(EventStream(served.gateway, task.id))
        assert stream.body() == task.bodies()[0]
        served.process.send_signal(signal.SIGTERM)
        assert {client.closed() for client in sockets} == {Closed(1012, "restarting")}
        assert b"retry: " in stream.rest()
        assert served.process.wait(DEADLINE) == 0
        assert_gone(*processes)
        assert listeners(served.port) == 0


class TestAProcessThatHangs:
    """It is frozen, so that it hears no signal but SIGKILL."""

    def test_is_killed_after_its_time(self, valkey: Valkey) -> None:
        with serving(valkey, "--workers", "2", "--shutdown-timeout", "5") as served:
            processes = served.wait_until_serving(2)
            processes[0].suspend()
            assert served.stop() == 1
            assert served.logged(f"Process {processes[0].pid}", "did not stop in time")
            assert not served.logged(f"Process {processes[1].pid}", "did not stop in time")
            assert_gone(*processes)

    def test_is_killed_by_a_second_signal(self, valkey: Valkey) -> None:
        with serving(valkey, "--workers", "2", "--shutdown-timeout", "600") as served:
            processes = served.wait_until_serving(2)
            processes[0].suspend()
            served.process.send_signal(signal.SIGTERM)
            served.wait_for("SIGTERM: stopping")
            assert served.stop() == 1
            assert served.logged(f"Process {processes[0].pid}", "second signal")
            assert_gone(*processes)


def test_they_do_not_outlive_their_parent(valkey: Valkey) -> None:
    with serving(valkey, "--workers", "2") as served:
        processes = served.wait_until_serving(2)
        served.process.send_signal(signal.SIGKILL)
        assert_gone(*processes)
        served.wait_for("parent process is gone")


def test_ctrl_c_in_a_terminal_reaches_them_all_and_ends_well(valkey: Valkey) -> None:
    with serving(valkey, "--workers", "2") as served:
        processes = served.wait_until_serving(2)
        for process in processes:
            process.send_signal(signal.SIGINT)
        assert served.stop(signal.SIGINT) == 0
        assert_gone(*processes)


class TestWhatCannotStart:
    def test_a_configuration_that_cannot_be_used_is_told_once(self, valkey: Valkey) -> None:
        with serving(valkey, "--workers", "2", auth="tokens") as served:
            assert served.process.wait(START_TIMEOUT) == 2
        assert sum("no key to verify them" in line for line in served.lines) == 1
        assert served.logged("ended with exit code 2", "configuration cannot be used")

    def test_an_application_that_fails_each_time_is_given_up(self, valkey: Valkey) -> None:
        with serving(valkey, "--workers", "2", "--app", "tests.cli.broken:app") as served:
            assert served.process.wait(3 * START_TIMEOUT) == 1
        assert sum("RuntimeError: this module is broken" in line for line in served.lines) == 3
        assert served.logged("(1 of 2) ended with exit code 1", "started in 1 s")
        assert served.logged("No process could start in 3 attempts")

    def test_a_port_that_is_taken(self, valkey: Valkey) -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as selfish,
            serving(valkey, "--workers", "2", port=selfish.getsockname()[1]) as served,
        ):
            assert served.process.wait(START_TIMEOUT) == 3
        assert served.logged("Cannot listen", "in use")


def test_a_unix_socket_is_shared_and_removed(valkey: Valkey, tmp_path: Path) -> None:
    path = tmp_path / "gateway.sock"
    with serving(valkey, "--workers", "2", "--uds", str(path)) as served:
        served.wait_for("Serving on", str(path))
        assert served.answers_on(path)
        assert served.stop() == 0
        assert not path.exists()
