"""What only the person at the machine may do: the service that others reach has no such route."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Literal

import httpx
import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.support.tokens import KEYS


@pytest.mark.parametrize(
    ("started_by", "host", "auth", "kills"),
    [
        ("our parent", "127.0.0.1", "open", True),
        ("our parent", "::1", "open", True),
        ("our parent", "localhost", "open", True),
        ("our parent", "127.0.0.1", "tokens", False),
        ("our parent", "0.0.0.0", "open", False),
        ("our parent", "taskbeam.example", "open", False),
        ("somebody else", "127.0.0.1", "open", False),
        ("nobody", "127.0.0.1", "open", False),
    ],
)
def test_the_worker_is_killed_for_who_started_the_service_alone(
    monkeypatch: pytest.MonkeyPatch, started_by: str, host: str, auth: Literal["open", "tokens"], kills: bool
) -> None:
    asked: list[tuple[int, signal.Signals]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: asked.append((pid, number)))
    pid = {"our parent": os.getppid(), "somebody else": os.getpid()}.get(started_by)
    transport = httpx.ASGITransport(
        create_app(Settings(host=host, stack_pid=pid, auth=auth, token_keys=SecretStr(KEYS)))
    )

    async def visited() -> tuple[bool, int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            session = await client.get("/session")
            answer = await client.post("/development/kill-worker")
        return session.json()["kills"], answer.status_code

    assert asyncio.run(visited()) == (kills, 202 if kills else 404)
    assert asked == ([(os.getppid(), signal.SIGUSR1)] if kills else [])
