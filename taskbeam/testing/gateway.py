"""A gateway without Redis and workers: recorded tasks happen again for whoever follows them.

An ASGI application with the gateway's own addresses, for tests of a page, an application or any other client.
It asks for no token, and lets pages of every site read. Each task begins when it is first asked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote

from taskbeam.journal.events import InvalidCursorError
from taskbeam.testing.asgi import Reply, answer, problem
from taskbeam.testing.replay import DEFAULT_INTERVAL, Plan
from taskbeam.testing.replay_http import poll, stream
from taskbeam.testing.replay_sockets import follow_many, follow_one
from taskbeam.testing.replayed_tasks import ReplayedTasks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from taskbeam.testing.asgi import Receive, Scope, Send
    from taskbeam.testing.replay import ReplayedTask


class ReplayGateway:
    """The application. Serve it by any ASGI server, or by `taskbeam replay`.

    Args:
        recording: a file that `Recording.save` wrote, or what is in it.
        interval: seconds between two events of a task; None = as much as when they were recorded.
        cut_after: events after which each connection is cut, in the middle of the next one; None = never.
        keep: the newest events that each journal keeps; who wants older ones gets a gap. None = all.
        sends: addresses of your application that send a task, and the task's name, such as
            ``{"/reports": "reports.generate"}``. A POST there is answered 202, with the id of a task that
            goes as the recorded one of this name.

    Raises `KeyError` where ``sends`` names a task that is not recorded.
    """

    def __init__(
        self,
        recording: str | PathLike[str] | Mapping[str, Any],
        *,
        interval: float | None = DEFAULT_INTERVAL,
        cut_after: int | None = None,
        keep: int | None = None,
        sends: Mapping[str, str] | None = None,
    ) -> None:
        self._tasks = ReplayedTasks(recording, Plan(interval=interval, cut_after=cut_after, keep=keep))
        self._sends = {path: self._tasks.named(name) for path, name in (sends or {}).items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
        if scope["type"] == "websocket":
            await self._socket(path, query, receive, send)
            return
        reply = self._reply(scope, path)
        if isinstance(reply, Reply):
            await answer(send, reply)
        else:
            await self._follow(reply, scope, query, receive, send)

    def _reply(self, scope: Scope, path: str) -> Reply | ReplayedTask:
        """The answer; a task whose events are asked for."""
        method, (_, _, rest) = scope["method"], path.partition("/tasks/")
        task_id, _, what = rest.partition("/")
        if method == "OPTIONS":
            return Reply(204)
        if path.endswith(("/healthz", "/readyz")):
            return Reply(200, {"status": "ok"})
        if method == "POST" and path in self._sends:
            return self._sent(self._sends[path], scope.get("root_path", ""))
        task = self._tasks.find(unquote(task_id)) if rest else None
        if task is None:
            return problem("unknown_task" if rest else "not_found", 404)
        if method == "POST":
            return self._act(task, what)
        if what == "events":
            return task
        return problem("not_found", 404) if what else self._snapshot(task)

    def _sent(self, recorded: str, prefix: str) -> Reply:
        task_id = self._tasks.send(recorded).task_id
        address = f"{prefix}/tasks/{quote(task_id)}"
        urls = {"self": address} | {name: f"{address}/{name}" for name in ("events", "ws", "cancel")}
        return Reply(202, {"task_id": task_id, "token": "replayed", "urls": urls}, {"Location": address})

    def _act(self, task: ReplayedTask, what: str) -> Reply:
        match what:
            case "tickets":
                return Reply(201, {"ticket": "replayed", "expires_in": 30})
            case "cookie":
                return Reply(204)
            case "cancel" if task.ended(self._tasks.age(task)):
                return problem("too_late", 409)
            case "cancel":
                task.cancel(self._tasks.age(task))
                return Reply(202, {"task_id": task.task_id, "cancel": "requested"})
        return problem("not_found", 404)

    def _snapshot(self, task: ReplayedTask) -> Reply:
        history = task.history(None, self._tasks.age(task))
        return Reply(200, json.loads(history.snapshot.body) | {"last_event_id": str(history.last)})

    async def _follow(
        self, task: ReplayedTask, scope: Scope, query: dict[str, str], receive: Receive, send: Send
    ) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        try:
            after = headers.get("last-event-id") or query.get("after")
            follower = self._tasks.follower(task, after, query.get("types"), query.get("states"))
        except InvalidCursorError:
            await answer(send, problem("bad_cursor", 400))
            return
        except ValueError:
            await answer(send, problem("invalid_request", 422))
            return
        as_json = headers.get("accept", "").startswith("application/json")
        if as_json or "wait" in query or "limit" in query:
            await poll(self._tasks, task, follower, float(query.get("wait", 0)), receive, send)
        else:
            await stream(self._tasks, task, follower, receive, send)

    async def _socket(self, path: str, query: dict[str, str], receive: Receive, send: Send) -> None:
        await receive()  # it connects
        await send({"type": "websocket.accept"})
        _, one, rest = path.partition("/tasks/")
        if one:
            await follow_one(self._tasks, unquote(rest.removesuffix("/ws")), query, receive, send)
        else:
            await follow_many(self._tasks, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
