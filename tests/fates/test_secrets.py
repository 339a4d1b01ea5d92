"""Errors for two audiences: the client gets a code and a reference, the operator all the rest."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK

from tests.support.waiting import wait_until

from .jobs import SECRET

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from .stage import Stage

#: What an exception says, what it is called and where it came from.
NEVER = (
    SECRET,
    "planted-path",
    "UnkindError",
    "BrokenFormError",
    "KeyError",
    "Traceback",
    ".py",
    "Unspeakable",
)

#: Jobs that fail with secrets in every part of the exception.
TELLTALES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("fails", ("unkind",), {}),
    ("fails", ("mapped",), {}),
    ("fails", ("unkind",), {"ignore_result": True}),
    ("retries", (2, 1), {}),
    ("autoretries", (), {}),
    ("rejects", (), {}),
    ("unspeakable", (), {}),
    ("late_thread", ("fails",), {}),
]


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_no_secret_reaches_a_client(stage: Stage, served: Gateway, pool: str) -> None:
    ids = [stage.send(job, *args, **options) for job, args, options in TELLTALES]
    if pool == "threads":
        ids.append(stage.send("leaves"))
    for task_id in ids:
        stage.ended(task_id)
        wire = asyncio.run(_all_that_is_sent(served, task_id))
        assert [word for word in NEVER if word.encode() in wire] == []
        assert wire.count(b'"final":true') >= len(("sse", "json", "snapshot", "websocket", "multiplex"))


def test_a_public_error_reaches_the_client(stage: Stage) -> None:
    told = [stage.ended(stage.send("fails", kind))[-1]["error"] for kind in ("public", "mapped")]
    for error in told:
        assert error.pop("ref")
    assert told == [
        {"code": "quota", "message": "Your quota is used up."},
        {"code": "bad_form", "message": "The form does not fit."},
    ]


def test_the_operator_finds_the_reference_beside_the_traceback(crewed: Stage) -> None:
    stage = crewed.to("logged")
    with stage.worker("threads") as process:
        ref = stage.ended(stage.send("fails", "unkind"))[-1]["error"]["ref"]
        wait_until(lambda: f", ref {ref}" in process.output, lambda: f"{ref} in the log")
        after = process.output.split(f", ref {ref}")[1]
        wait_until(lambda: SECRET in process.output, lambda: "the exception in the log")
        assert "Traceback" in after


async def _all_that_is_sent(served: Gateway, task_id: str) -> bytes:
    """Every byte that the gateway has for this task, over every transport."""
    address = f"{served.http}/tasks/{task_id}"
    wire = b""
    async with httpx.AsyncClient(timeout=60, verify=False) as http:
        for path, accept in (("/events", "text/event-stream"), ("/events", "application/json"), ("", "*/*")):
            answer = await http.get(address + path, headers={"Accept": accept})
            wire += str(answer.headers).encode() + answer.content
        wire += (await http.get(f"{served.http}/reports/{task_id}")).content
        wire += (await http.post(f"{address}/cancel")).content
    return wire + await _socket(served, task_id) + await _multiplex(served, task_id)


async def _socket(served: Gateway, task_id: str) -> bytes:
    wire = b""
    async with connect(f"{served.ws}/tasks/{task_id}/ws") as socket:
        try:
            while True:
                wire += await socket.recv(decode=False)
        except ConnectionClosedOK as closed:
            return wire + str(closed).encode()


async def _multiplex(served: Gateway, task_id: str) -> bytes:
    wire = b""
    async with connect(f"{served.ws}/ws") as socket:
        await socket.send(json.dumps({"op": "subscribe", "task_id": task_id}))
        while b'"unsubscribed"' not in wire:
            wire += await socket.recv(decode=False)
    return wire
