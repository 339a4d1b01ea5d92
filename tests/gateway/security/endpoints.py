"""Every endpoint that is about a task, as a table: how one request to it is made, with a token or without."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.tokens import bearer

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

TIMEOUT = 60

#: What a socket that is open answers with, where HTTP has a status.
OPEN = 101


class Answer(NamedTuple):
    """``status`` is HTTP's, a close code, or `OPEN`; ``code`` the problem's, empty where there is none."""

    status: int
    code: str
    body: bytes


#: Called with the gateway, a task's id and a token.
Ask = Callable[["Gateway", str, "str | None"], Answer]


def http(method: str, path: str, **given: Any) -> Ask:
    def ask(gateway: Gateway, task_id: str, token: str | None) -> Answer:
        return _request(gateway, method, path.format(task_id=task_id), bearer(token), **given)

    return ask


def by_cookie(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    headers = {} if token is None else {"Cookie": f"taskbeam={token}"}
    return _request(gateway, "GET", f"/tasks/{task_id}", headers)


def stream(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    with (
        _client(gateway) as client,
        client.stream("GET", f"/tasks/{task_id}/events", headers=bearer(token)) as response,
    ):
        if response.status_code == 200:
            return Answer(200, "", next(response.iter_raw()))
        response.read()
        return _answer(response)


def socket(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    return _speak(gateway, f"/tasks/{task_id}/ws", [{"op": "ping"}], additional_headers=bearer(token))


def socket_by_subprotocol(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    offered = ["taskbeam"] if token is None else ["taskbeam", f"taskbeam.token.{token}"]
    return _speak(gateway, f"/tasks/{task_id}/ws", [{"op": "ping"}], subprotocols=offered)


def socket_by_first_message(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    return _speak(gateway, f"/tasks/{task_id}/ws", [{"op": "auth", "token": token}])


def subscription(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    messages = [{"op": "subscribe", "task_id": task_id}]
    return _speak(gateway, "/ws", messages, additional_headers=bearer(token))


def subscription_by_its_own_token(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    return _speak(gateway, "/ws", [{"op": "subscribe", "task_id": task_id, "token": token}])


def subscription_by_first_message(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    first = {"op": "auth", "token": token}
    answer = _speak(gateway, "/ws", [first])
    if answer.code:
        return answer
    return _speak(gateway, "/ws", [first, {"op": "subscribe", "task_id": task_id}], skip=1)


def _client(gateway: Gateway) -> httpx.Client:
    return httpx.Client(base_url=gateway.http, timeout=TIMEOUT, verify=False)


def _request(gateway: Gateway, method: str, path: str, headers: dict[str, str], **given: Any) -> Answer:
    with _client(gateway) as client:
        headers = {"Accept": "application/json"} | headers
        return _answer(client.request(method, path, headers=headers, **given))


def _answer(response: httpx.Response) -> Answer:
    is_problem = response.headers.get("content-type") == "application/problem+json"
    return Answer(response.status_code, response.json()["code"] if is_problem else "", response.content)


def _speak(
    gateway: Gateway, path: str, messages: Sequence[object], *, skip: int = 0, **handshake: Any
) -> Answer:
    """Say it all, and take the first answer behind those to skip."""
    try:
        with connect(gateway.ws + path, open_timeout=TIMEOUT, **handshake) as opened:
            for message in messages:
                opened.send(json.dumps(message))
            heard = [opened.recv(timeout=TIMEOUT) for _ in range(skip + 1)][-1]
    except ConnectionClosed as closed:
        return Answer(closed.rcvd.code, closed.rcvd.reason, b"") if closed.rcvd else Answer(0, "cut", b"")
    told = json.loads(heard)
    code = told["code"] if told.get("op") == "error" else ""
    return Answer(OPEN, code, heard.encode() if isinstance(heard, str) else heard)


class Endpoint(NamedTuple):
    """``method`` and ``path`` as the application declares them; ``action`` is what a token needs for it."""

    method: str
    path: str
    ask: Ask
    action: str = "read"


_TASK = "/tasks/{task_id}"
_EVENTS = "/tasks/{task_id}/events"
_WS = "/tasks/{task_id}/ws"
_REPORT = {"json": {"user_id": 123}}

ENDPOINTS: dict[str, Endpoint] = {
    "snapshot": Endpoint("GET", _TASK, http("GET", _TASK)),
    "snapshot, by cookie": Endpoint("GET", _TASK, by_cookie),
    "long poll": Endpoint("GET", _TASK, http("GET", _TASK + "?wait=0.1&after=1-1")),
    "events": Endpoint("GET", _EVENTS, http("GET", _EVENTS)),
    "event stream": Endpoint("GET", _EVENTS, stream),
    "report": Endpoint("GET", "/reports/{task_id}", http("GET", "/reports/{task_id}")),
    "ticket": Endpoint("POST", _TASK + "/tickets", http("POST", _TASK + "/tickets")),
    "cookie": Endpoint("POST", _TASK + "/cookie", http("POST", _TASK + "/cookie")),
    "cancel": Endpoint("POST", _TASK + "/cancel", http("POST", _TASK + "/cancel"), "cancel"),
    "socket": Endpoint("WS", _WS, socket),
    "socket, by subprotocol": Endpoint("WS", _WS, socket_by_subprotocol),
    "socket, by first message": Endpoint("WS", _WS, socket_by_first_message),
    "subscription": Endpoint("WS", "/ws", subscription),
    "subscription, by its own token": Endpoint("WS", "/ws", subscription_by_its_own_token),
    "subscription, by first message": Endpoint("WS", "/ws", subscription_by_first_message),
    "file": Endpoint("GET", _TASK + "/files/{path:path}", http("GET", _TASK + "/files/secret.txt")),
    "new report": Endpoint("POST", "/reports", http("POST", "/reports", **_REPORT), "send"),
    "new picture": Endpoint("POST", "/images", http("POST", "/images", content=b"no picture"), "send"),
}

#: About no task: these answer everybody.
PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/docs"),
    ("GET", "/asyncapi.yaml"),
    ("GET", "/docs/start.js"),
    ("GET", "/docs/{name}"),
    ("GET", "/openapi.json"),
    ("GET", "/dashboard"),  # the page; what it shows is a task's
    *(("GET", f"/{folder}/{{path:path}}") for folder in ("client", "element", "look", "dashboard", "chunks")),
    ("GET", "/dashboard/"),
    ("GET", "/react.js"),
    ("GET", "/favicon.svg"),
    ("GET", "/"),
    ("MOUNT", "/page"),
}
