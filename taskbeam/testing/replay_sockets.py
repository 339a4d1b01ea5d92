"""Recorded tasks over WebSockets: one, or as many as a client asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from taskbeam.journal.events import InvalidCursorError
from taskbeam.testing.asgi import heard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbeam.testing.asgi import Receive, Send
    from taskbeam.testing.replay import Follower, ReplayedTask
    from taskbeam.testing.replayed_tasks import ReplayedTasks

#: RFC 6455, 7.4: the task has ended; the server is restarting, which is how a cut looks here.
ENDED, CUT = 1000, 1012

#: The gateway's own codes of what cannot be followed.
UNKNOWN, MALFORMED = 4404, 4400


async def follow_one(
    tasks: ReplayedTasks, task_id: str, query: Mapping[str, str], receive: Receive, send: Send
) -> None:
    """One task's events up to the end. What the client says is not answered."""
    task = tasks.find(task_id)
    if task is None:
        await _close(send, UNKNOWN, "unknown_task")
        return
    try:
        follower = tasks.follower(task, query.get("after"), query.get("types"), query.get("states"))
    except InvalidCursorError:
        await _close(send, MALFORMED, "bad_cursor")
        return
    except ValueError:
        await _close(send, MALFORMED, "invalid_request")
        return
    while True:
        for event in follower.take(tasks.age(task)):
            await _say(send, event.body)
        if follower.cut is not None:
            await _close(send, CUT, "restarting")
            return
        if follower.finished:
            await _close(send, ENDED, "")
            return
        message = await heard(receive, task.wait(tasks.age(task)))
        if message is not None and message["type"] == "websocket.disconnect":
            return


class _Many:
    """What one socket subscribes to."""

    def __init__(self, tasks: ReplayedTasks, send: Send) -> None:
        self._tasks = tasks
        self._send = send
        self._followed: dict[str, tuple[ReplayedTask, Follower]] = {}

    @property
    def wait(self) -> float | None:
        """Seconds until one of the tasks has something new."""
        waits = [task.wait(self._tasks.age(task)) for task, _ in self._followed.values()]
        return min((wait for wait in waits if wait is not None), default=None)

    async def tell(self) -> bool:
        """Send what is due; returns whether the socket is to be cut."""
        for task_id, (task, follower) in list(self._followed.items()):
            for event in follower.take(self._tasks.age(task)):
                await _say(self._send, event.body)
            if follower.cut is not None:
                return True
            if follower.finished:
                del self._followed[task_id]
                await self._answer(op="unsubscribed", task_id=task_id, reason="ended")
        return False

    async def obey(self, text: str) -> None:
        """Do what the client says."""
        said = json.loads(text)
        match said.get("op"):
            case "ping":
                await self._answer(op="pong")
            case "auth":
                await self._answer(op="authenticated", expires=None)
            case "subscribe":
                await self._subscribe(str(said.get("task_id")), said)
            case "unsubscribe":
                self._followed.pop(said.get("task_id"), None)
                await self._answer(op="unsubscribed", task_id=said.get("task_id"), reason="asked")
            case _:
                await self._answer(op="error", code="unknown_op", message="The op is not known.")

    async def _subscribe(self, task_id: str, said: Mapping[str, Any]) -> None:
        task = self._tasks.find(task_id)
        if task is None:
            await self._refuse(task_id, "unknown_task", "No such task is recorded.")
            return
        try:
            follower = self._tasks.follower(task, said.get("after"), said.get("types"), said.get("states"))
        except ValueError as error:
            bad_cursor = isinstance(error, InvalidCursorError)
            await self._refuse(task_id, "bad_cursor" if bad_cursor else "invalid_request", str(error))
            return
        self._followed[task_id] = (task, follower)
        await self._answer(op="subscribed", task_id=task_id)

    async def _refuse(self, task_id: str, code: str, message: str) -> None:
        await self._answer(op="error", task_id=task_id, code=code, message=message)

    async def _answer(self, **members: Any) -> None:
        await _say(self._send, json.dumps(members).encode())


async def follow_many(tasks: ReplayedTasks, receive: Receive, send: Send) -> None:
    """The events of all tasks that the client subscribes to, until it leaves."""
    many = _Many(tasks, send)
    while True:
        message = await heard(receive, many.wait)
        if message is not None:
            if message["type"] == "websocket.disconnect":
                return
            await many.obey(message.get("text") or "{}")
        if await many.tell():
            await _close(send, CUT, "restarting")
            return


async def _say(send: Send, body: bytes) -> None:
    await send({"type": "websocket.send", "text": body.decode()})


async def _close(send: Send, code: int, reason: str) -> None:
    await send({"type": "websocket.close", "code": code, "reason": reason})
