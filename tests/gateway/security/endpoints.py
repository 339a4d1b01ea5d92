"""Every endpoint that is about a task, as a table: how one request to it is made, with a token or without."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from taskbeam.gateway.auth.credentials import COOKIE
from tests.push.browser import Browser
from tests.support.tokens import bearer, sign

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


def by_cookie_at(path: str) -> Ask:
    def ask(gateway: Gateway, task_id: str, token: str | None) -> Answer:
        headers = {} if token is None else {"Cookie": f"{COOKIE}={token}"}
        return _request(gateway, "GET", path.format(task_id=task_id), headers)

    return ask


def streamed(path: str) -> Ask:
    def ask(gateway: Gateway, task_id: str, token: str | None) -> Answer:
        with (
            _client(gateway) as client,
            client.stream("GET", path.format(task_id=task_id), headers=bearer(token)) as response,
        ):
            if response.status_code == 200:
                return Answer(200, "", next(response.iter_raw()))
            response.read()
            return _answer(response)

    return ask


def socket(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    return _speak(gateway, f"/tasks/{task_id}/ws", [{"op": "ping"}], additional_headers=bearer(token))


def socket_by_subprotocol(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    offered = ["taskbeam"] if token is None else ["taskbeam", f"taskbeam.token.{token}"]
    return _speak(gateway, f"/tasks/{task_id}/ws", [{"op": "ping"}], subprotocols=offered)


def socket_by_first_message(gateway: Gateway, task_id: str, token: str | None) -> Answer:
    return _speak(gateway, f"/tasks/{task_id}/ws", [{"op": "auth", "token": token}])


def subscription(member: str) -> Ask:
    """Of what messages call by this member."""

    def ask(gateway: Gateway, name: str, token: str | None) -> Answer:
        messages = [{"op": "subscribe", member: name}]
        return _speak(gateway, "/ws", messages, additional_headers=bearer(token))

    return ask


def subscription_by_its_own_token(member: str) -> Ask:
    def ask(gateway: Gateway, name: str, token: str | None) -> Answer:
        return _speak(gateway, "/ws", [{"op": "subscribe", member: name, "token": token}])

    return ask


def subscription_beside_a_good_one(member: str) -> Ask:
    """What the socket may do is nothing that a token of one subscription may."""

    def ask(gateway: Gateway, name: str, token: str | None) -> Answer:
        good = {"Authorization": f"Bearer {sign(tasks=['another'])}"}
        message = {"op": "subscribe", member: name, "token": token or ""}
        return _speak(gateway, "/ws", [message], additional_headers=good)

    return ask


def subscription_by_first_message(member: str) -> Ask:
    def ask(gateway: Gateway, name: str, token: str | None) -> Answer:
        first = {"op": "auth", "token": token}
        answer = _speak(gateway, "/ws", [first])
        if answer.code:
            return answer
        return _speak(gateway, "/ws", [first, {"op": "subscribe", member: name}], skip=1)

    return ask


#: Each way to subscribe.
SUBSCRIPTIONS: dict[str, Callable[[str], Ask]] = {
    "subscription": subscription,
    "subscription, by its own token": subscription_by_its_own_token,
    "subscription, by its own token on a good socket": subscription_beside_a_good_one,
    "subscription, by first message": subscription_by_first_message,
}


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
        # What comes behind the answer is not read: behind a bounded queue the end would not be seen either.
        with connect(gateway.ws + path, open_timeout=TIMEOUT, max_queue=None, **handshake) as opened:
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
_FEED_EVENTS = "/feeds/{feed:path}/events"
#: A browser that wants to be told.
DEVICE = {
    "subscription": Browser().json,
    "presentation": {"page": "https://shop.example/jobs/{task_id}"},
}
#: The id of one that nobody has.
NO_DEVICE = f"push_{'0' * 32}"

_REPORT = {"json": {"user_id": 7}}

ENDPOINTS: dict[str, Endpoint] = {
    "snapshot": Endpoint("GET", _TASK, http("GET", _TASK)),
    "snapshot, by cookie": Endpoint("GET", _TASK, by_cookie_at(_TASK)),
    "long poll": Endpoint("GET", _TASK, http("GET", _TASK + "?wait=0.1&after=1-1")),
    "events, long poll": Endpoint("GET", _EVENTS, http("GET", _EVENTS + "?wait=0.1&after=1-1")),
    "events": Endpoint("GET", _EVENTS, http("GET", _EVENTS)),
    "event stream": Endpoint("GET", _EVENTS, streamed(_EVENTS)),
    "tree": Endpoint("GET", _TASK + "/tree", http("GET", _TASK + "/tree")),
    "report": Endpoint("GET", "/reports/{task_id}", http("GET", "/reports/{task_id}")),
    "ticket": Endpoint("POST", _TASK + "/tickets", http("POST", _TASK + "/tickets")),
    "cookie": Endpoint("POST", _TASK + "/cookie", http("POST", _TASK + "/cookie")),
    "cancel": Endpoint("POST", _TASK + "/cancel", http("POST", _TASK + "/cancel"), "cancel"),
    "terminate": Endpoint(
        "POST", _TASK + "/cancel", http("POST", _TASK + "/cancel?terminate=true"), "terminate"
    ),
    "ask for push": Endpoint("PUT", _TASK + "/push", http("PUT", _TASK + "/push", json=DEVICE)),
    "withdraw push": Endpoint(
        "DELETE", _TASK + "/push/{device}", http("DELETE", f"{_TASK}/push/{NO_DEVICE}")
    ),
    "socket": Endpoint("WS", _WS, socket),
    "socket, by subprotocol": Endpoint("WS", _WS, socket_by_subprotocol),
    "socket, by first message": Endpoint("WS", _WS, socket_by_first_message),
    **{name: Endpoint("WS", "/ws", by("task_id")) for name, by in SUBSCRIPTIONS.items()},
    "file": Endpoint("GET", _TASK + "/files/{path:path}", http("GET", _TASK + "/files/secret.txt")),
    "new report": Endpoint("POST", "/reports", http("POST", "/reports", **_REPORT), "send"),
    "new batch": Endpoint(
        "POST", "/reports/batches", http("POST", "/reports/batches", json={"user_ids": [7]}), "send"
    ),
    "new year's report": Endpoint("POST", "/reports/year", http("POST", "/reports/year", json={}), "send"),
    "new text": Endpoint("POST", "/texts", http("POST", "/texts", json={"words": 7}), "send"),
    "new picture": Endpoint("POST", "/images", http("POST", "/images", content=b"no picture"), "send"),
}

#: About a feed, whose name takes the place of the task's id.
FEEDS: dict[str, Endpoint] = {
    "feed": Endpoint("GET", "/feeds/{feed:path}", http("GET", "/feeds/{task_id}")),
    "feed, by cookie": Endpoint("GET", "/feeds/{feed:path}", by_cookie_at("/feeds/{task_id}")),
    "feed's ticket": Endpoint("POST", "/feeds/{feed:path}/tickets", http("POST", "/feeds/{task_id}/tickets")),
    "feed's cookie": Endpoint("POST", "/feeds/{feed:path}/cookie", http("POST", "/feeds/{task_id}/cookie")),
    "feed's events": Endpoint("GET", _FEED_EVENTS, http("GET", "/feeds/{task_id}/events")),
    "feed's events, long poll": Endpoint(
        "GET", _FEED_EVENTS, http("GET", "/feeds/{task_id}/events?wait=0.1&after=0-0")
    ),
    "feed's event stream": Endpoint("GET", _FEED_EVENTS, streamed("/feeds/{task_id}/events")),
    **{f"feed's {name}": Endpoint("WS", "/ws", by("feed")) for name, by in SUBSCRIPTIONS.items()},
}

#: About no task: for whoever may ask anything.
SCHEMA = Endpoint("GET", "/schemas/{task_name:path}", http("GET", "/schemas/{task_id}"))

#: These answer everybody, and say more to whoever may ask anything.
DOCUMENTS = tuple(Endpoint("GET", path, http("GET", path)) for path in ("/openapi.json", "/asyncapi.yaml"))

#: About no task: the devices of whoever asks.
DEVICES = (
    Endpoint("GET", "/push", http("GET", "/push")),
    Endpoint("PUT", "/push", http("PUT", "/push", json=DEVICE)),
    Endpoint("DELETE", "/push/{device}", http("DELETE", f"/push/{NO_DEVICE}")),
)

#: The id of a webhook that nobody has, and of a message that nobody sent.
NO_WEBHOOK, NO_MESSAGE = "webhook_none", f"msg_{'0' * 32}"

#: About no task: the webhooks of whoever asks.
WEBHOOKS = (
    Endpoint("GET", "/webhooks", http("GET", "/webhooks")),
    Endpoint("POST", "/webhooks", http("POST", "/webhooks", json={"url": "https://shop.example/"})),
    *(
        Endpoint(
            method,
            "/webhooks/{webhook}" + path,
            http(method, f"/webhooks/{NO_WEBHOOK}{path.replace('{message}', NO_MESSAGE)}"),
        )
        for method, path in (
            ("DELETE", ""),
            ("POST", "/rotate"),
            ("POST", "/enable"),
            ("POST", "/test"),
            ("GET", "/deliveries"),
            ("POST", "/deliveries/{message}/replay"),
        )
    ),
)

_PREFERENCES = "/notifications/preferences"

#: About no task: what whoever asks wants to hear.
PREFERENCES = (
    Endpoint("GET", _PREFERENCES, http("GET", _PREFERENCES)),
    Endpoint("PUT", _PREFERENCES, http("PUT", _PREFERENCES, json={"preferences": []})),
)

#: About no task: they make and end sessions (tests/app/test_accounts.py).
LOGIN = {("POST", "/account"), ("POST", "/session"), ("GET", "/session"), ("DELETE", "/session")}

#: For whoever signs as the gateway does (tests/app/test_mails.py).
SIGNED = {("POST", "/hooks/mail")}

#: About no task: for whoever has an API key that manages the others (test_key_management.py).
KEYS = {
    ("GET", "/keys"),
    ("POST", "/keys"),
    ("POST", "/keys/{key_id}/rotate"),
    ("POST", "/keys/{key_id}/revoke"),
}

#: About all tasks: for operators (tests/gateway/test_dashboard_tasks.py).
OPERATORS = {
    *(
        ("GET", f"/dashboard/{path}")
        for path in ("tasks", "tasks/{task_id}", "tasks/{task_id}/canvas", "failures")
    ),
    *(("POST", f"/dashboard/{path}") for path in ("run-again", "cancel")),
    *(("POST", f"/dashboard/queues/{path}") for path in ("purge", "pause", "resume")),
}

#: About no task: these answer everybody.
PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/docs"),
    ("GET", "/docs/start.js"),
    ("GET", "/docs/{name}"),
    ("GET", "/dashboard"),  # the page; what it shows is a task's
    *(("GET", f"/{folder}/{{path:path}}") for folder in ("client", "element", "notify", "look")),
    *(("GET", f"/{folder}/{{path:path}}") for folder in ("dashboard", "login", "chunks")),
    ("GET", "/dashboard/"),
    ("GET", "/login"),
    ("GET", "/login/"),
    ("POST", "/login"),  # for whoever has a code
    ("DELETE", "/login"),  # one's own session
    ("GET", "/react.js"),
    ("GET", "/favicon.svg"),
    ("GET", "/favicon-unseen.svg"),
    ("GET", "/icon.png"),
    ("GET", "/taskbeam-sw.js"),
    ("GET", "/push/key"),
    ("GET", "/"),
    ("MOUNT", "/page"),
}
