"""What only the person at the machine may do: the service that others reach has no such route."""

from __future__ import annotations

import asyncio
import os
import signal

import httpx
import pytest

from app.main import create_app
from app.settings import Settings


@pytest.mark.parametrize(
    ("started_by", "host", "kills"),
    [
        ("our parent", "127.0.0.1", True),
        ("our parent", "::1", True),
        ("our parent", "localhost", True),
        ("our parent", "0.0.0.0", False),
        ("our parent", "taskbeam.example", False),
        ("somebody else", "127.0.0.1", False),
        ("nobody", "127.0.0.1", False),
    ],
)
def test_the_worker_is_killed_for_who_started_the_service_alone(
    monkeypatch: pytest.MonkeyPatch, started_by: str, host: str, kills: bool
) -> None:
    asked: list[tuple[int, signal.Signals]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: asked.append((pid, number)))
    pid = {"our parent": os.getppid(), "somebody else": os.getpid()}.get(started_by)
    transport = httpx.ASGITransport(create_app(Settings(host=host, stack_pid=pid, auth="open")))

    async def visited() -> tuple[bool, int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            session = await client.get("/session")
            answer = await client.post("/development/kill-worker")
        return session.json()["kills"], answer.status_code

    assert asyncio.run(visited()) == (kills, 202 if kills else 404)
    assert asked == ([(os.getppid(), signal.SIGUSR1)] if kills else [])
