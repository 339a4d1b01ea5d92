"""The mail server of `make run`: it keeps every message, sends none, and goes when asked to."""

from __future__ import annotations

import signal
import smtplib
import sys
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from stack.ports import LOOPBACK, kept_port
from stack.process import ManagedProcess, ProcessFailedError

from .terminal import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = (sys.executable, "-W", "error", "-m", "stack.mail")


def start(port: int, var: Path) -> ManagedProcess:
    settings = {"TASKBEAM_SMTP_URL": f"smtp://{LOOPBACK}:{port}", "TASKBEAM_VAR_DIR": str(var)}
    return ManagedProcess("mail", SERVER, env=settings)


@pytest.fixture
def port() -> Iterator[int]:
    with kept_port() as port:
        yield port


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[ManagedProcess]:
    with start(port, tmp_path) as process:
        process.wait_until(lambda: f"smtp://{LOOPBACK}:{port} ready." in process.output, DEADLINE)
        yield process


def send(port: int, subject: str) -> None:
    message = (
        f"From: us@shop.example\r\nTo: zoe@example.com\r\nSubject: {subject}\r\n\r\nHow are you?\r\n.\r\n"
    )
    with smtplib.SMTP(LOOPBACK, port, timeout=DEADLINE) as client:
        client.sendmail("us@shop.example", ["zoe@example.com"], message)


def test_messages_are_kept_and_shown(server: ManagedProcess, port: int, tmp_path: Path) -> None:
    for subject in ("one", "two", "=?utf-8?q?drei=C3=9Fig?="):
        send(port, subject)
    files = list((tmp_path / "mail").glob("*.eml"))
    messages = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert sorted(message["Subject"] for message in messages) == ["dreißig", "one", "two"]
    assert {message.get_payload() for message in messages} == {"How are you?\r\n.\r\n"}
    shown = [*map(str, files), "to zoe@example.com: dreißig ("]
    server.wait_until(lambda: all(text in server.output for text in shown), DEADLINE)


def test_it_ends_when_asked_to(server: ManagedProcess, port: int) -> None:
    with smtplib.SMTP(LOOPBACK, port, timeout=DEADLINE):  # even if somebody is still connected
        server.send_signal(signal.SIGTERM)
        assert server.wait(DEADLINE) == 0


def test_a_port_in_use_is_explained(server: ManagedProcess, port: int, tmp_path: Path) -> None:
    assert server.running
    with start(port, tmp_path / "other") as second, pytest.raises(ProcessFailedError, match="in use"):
        second.wait_until(lambda: False, DEADLINE)
