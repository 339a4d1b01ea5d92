"""The launcher with real processes: what it shows, when it stops, and that it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest
import redis

from stack.ports import LOOPBACK
from stack.valkey import Valkey
from tests.support import nobody

from .standins import standin
from .terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


STACK = (sys.executable, "-m", "stack")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with Terminal(standin("launch"), tmp_path) as terminal:
        yield terminal


def position(terminal: Terminal, text: str) -> int:
    return next(number for number, line in enumerate(terminal.lines) if text in line)


class TestStart:
    def test_the_address_is_shown_when_everything_is_ready(self, terminal: Terminal) -> None:
        address = terminal.wait_until_live()
        assert address == f"http://127.0.0.1:{terminal.port}"
        assert position(terminal, "worker  | worker@standin ready.") < position(terminal, "is live at")
        with urllib.request.urlopen(f"{address}/readyz") as answer:
            assert answer.status == 200

    def test_every_line_of_a_process_stands_under_its_name(self, terminal: Terminal) -> None:
        terminal.wait_until_live()
        own = [line for line in terminal.lines if line and "is live at" not in line]
        assert {line.partition("|")[0] for line in own} == {"valkey  ", "worker  ", "gateway "}

    def test_data_of_the_embedded_server_survives(self, tmp_path: Path) -> None:
        with Terminal(standin("launch"), tmp_path) as terminal:
            terminal.wait_until_live()
            terminal.send(signal.SIGTERM)
            terminal.wait_for_exit()
        with Valkey(data_dir=tmp_path / "valkey") as valkey, redis.Redis.from_url(valkey.url()) as client:
            assert client.get("seen") == b"yes"

    def test_an_existing_server_is_used_instead(self, tmp_path: Path) -> None:
        with Valkey() as valkey:
            named = f"redis://{LOOPBACK}:{valkey.port}"
            with Terminal(standin("launch"), tmp_path, {"TASKBEAM_REDIS_URL": named}) as terminal:
                terminal.wait_until_live()
                assert terminal.find(rf"^worker *\| results at taskbeam\+{valkey.url(1)}$")
                assert not terminal.find(r"^valkey")
                terminal.press_ctrl_c()
                assert terminal.wait_for_exit() == 0
            with redis.Redis.from_url(valkey.url()) as client:
                assert client.get("seen") == b"yes"


class TestObstacles:
    def test_a_port_in_use_is_one_clear_line_before_anything_starts(self, tmp_path: Path) -> None:
        var = tmp_path / "var"
        with socket.create_server((LOOPBACK, 0)) as other:
            port = other.getsockname()[1]
            with Terminal(standin("launch"), var, {"TASKBEAM_PORT": str(port)}) as terminal:
                assert terminal.wait_for_exit() == 1
        assert terminal.lines == [
            f"Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another with TASKBEAM_PORT."
        ]
        assert not var.exists()

    def test_a_redis_that_does_not_answer_is_one_clear_line(self, tmp_path: Path) -> None:
        with Terminal(standin("launch"), tmp_path, {"TASKBEAM_REDIS_URL": nobody.REDIS}) as terminal:
            assert terminal.wait_for_exit() == 1
        assert len(terminal.lines) == 1
        assert terminal.lines[0].startswith("TASKBEAM_REDIS_URL does not answer:")

    def test_a_second_launcher_keeps_away_from_the_data_of_the_first(
        self, terminal: Terminal, tmp_path: Path
    ) -> None:
        terminal.wait_until_live()
        with Terminal(standin("launch"), tmp_path) as second:
            assert second.wait_for_exit() == 1
        assert len(second.lines) == 1
        assert second.lines[0].startswith("Another Taskbeam uses ")

    def test_a_setting_that_makes_no_sense_is_named(self, tmp_path: Path) -> None:
        with Terminal(STACK, tmp_path, {"TASKBEAM_PORT": "many"}) as terminal:
            assert terminal.wait_for_exit() == 1
        assert len(terminal.lines) == 1
        assert terminal.lines[0].startswith("TASKBEAM_PORT: ")


class TestStop:
    def test_ctrl_c_stops_all_in_order(self, terminal: Terminal) -> None:
        terminal.wait_until_live()
        terminal.press_ctrl_c()
        assert terminal.wait_for_exit() == 0
        ends = ["gateway | ended", "worker  | ended", "Valkey is now ready to exit"]
        order = [position(terminal, text) for text in ends]
        assert order == sorted(order)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_other_requests_do_the_same(self, terminal: Terminal, number: signal.Signals) -> None:
        terminal.wait_until_live()
        terminal.send(number)
        assert terminal.wait_for_exit() == 0
        assert terminal.find(r"^worker *\| ended$")

    def test_ctrl_c_while_starting_stops_what_there_is(self, tmp_path: Path) -> None:
        with Terminal(standin("launch", "--unready"), tmp_path) as terminal:
            terminal.wait_for_line(r"^worker *\| worker@standin ready\.$")
            terminal.wait_for_line(r"^gateway *\| .*GET /readyz")
            terminal.press_ctrl_c()
            assert terminal.wait_for_exit() == 0
        assert not terminal.find("is live at")
        assert terminal.find(r"^worker *\| ended$")

    def test_a_second_ctrl_c_kills(self, tmp_path: Path) -> None:
        with Terminal(standin("launch", "--stubborn", "--grace", "600"), tmp_path) as terminal:
            terminal.wait_until_live()
            terminal.press_ctrl_c()
            terminal.wait_for_line(r"^worker *\| not yet$")
            terminal.press_ctrl_c()
            assert terminal.wait_for_exit() == 0

    def test_a_process_that_does_not_end_is_killed_after_the_grace(self, tmp_path: Path) -> None:
        with Terminal(standin("launch", "--stubborn", "--grace", "5"), tmp_path) as terminal:
            terminal.wait_until_live()
            terminal.send(signal.SIGTERM)
            assert terminal.wait_for_exit() == 0
        assert terminal.find("Valkey is now ready to exit")


class TestDeath:
    @pytest.mark.parametrize(
        ("service", "number", "words"),
        [
            ("worker", signal.SIGUSR1, "worker ended with exit code 3; stopping the rest"),
            ("gateway", signal.SIGKILL, "gateway was ended by SIGKILL; stopping the rest"),
        ],
    )
    def test_a_dead_service_is_named_and_takes_the_rest_along(
        self, terminal: Terminal, service: str, number: signal.Signals, words: str
    ) -> None:
        terminal.wait_until_live()
        os.kill(terminal.pid_of(service), number)
        assert terminal.wait_for_exit() == 1
        assert words in terminal.lines

    def test_a_worker_that_is_killed_on_purpose_is_started_again(self, terminal: Terminal) -> None:
        terminal.wait_until_live()
        first = terminal.pid_of("worker")
        terminal.send(signal.SIGUSR1)
        again = rf"^worker *\| pid (?!{first}$)\d+$"
        terminal.wait_for_line(again)
        assert terminal.find("Killing the worker")
        assert not terminal.find(r"^worker *\| ended"), "it had no time to say so"
        os.kill(terminal.pid_of("gateway"), 0)
        terminal.press_ctrl_c()
        assert terminal.wait_for_exit() == 0
        assert terminal.find(r"^worker *\| ended"), "the second one is looked after as the first one was"

    def test_nothing_outlives_a_launcher_that_was_killed(self, terminal: Terminal) -> None:
        terminal.wait_until_live()
        terminal.send(signal.SIGKILL)
        assert terminal.wait_for_exit() == -signal.SIGKILL
