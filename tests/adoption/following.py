"""A user of the shop follows a task over each transport, with nothing but what the 202 says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

if TYPE_CHECKING:
    from pathlib import Path

    from .serving import Served

#: Seconds.
LONG = 60.0

Events = list[dict[str, Any]]


def cookies(user: str | None) -> dict[str, str]:
    return {"Cookie": f"session=session-of-{user}"} if user else {}


def ordered(shop: Served, user: str, rows: int = 5, key: str | None = None) -> dict[str, Any]:
    """What the shop answers to an order."""
    answer = httpx.post(
        f"{shop.origin}{shop.way.prefix}/exports",
        params={"rows": rows},
        headers=cookies(user) | ({"Idempotency-Key": key} if key else {}),
        timeout=LONG,
    )
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["location"] == body["urls"]["self"]
    return body


def counted(shop: Served, user: str, path: Path) -> dict[str, Any]:
    """What the shop answers to whoever has a growing file's lines counted."""
    address = f"{shop.origin}{shop.way.prefix}/counts"
    answer = httpx.post(address, params={"path": str(path)}, headers=cookies(user), timeout=LONG)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


def by_stream(shop: Served, urls: dict[str, str], user: str | None) -> Events | int:
    """All events over Server-Sent Events; or the status of the refusal."""
    headers = cookies(user) | {"Accept": "text/event-stream"}
    with httpx.stream("GET", shop.url(urls["events"]), headers=headers, timeout=LONG) as stream:
        if stream.status_code != 200:
            return stream.status_code
        return [
            json.loads(line.removeprefix("data: "))
            for line in stream.iter_lines()
            if line.startswith("data:")
        ]


def by_socket(shop: Served, urls: dict[str, str], user: str | None) -> Events | int:
    """All events over WebSocket; or the status or the close code of the refusal."""
    address = shop.url(urls["ws"]).replace("http", "ws", 1)
    try:
        with connect(address, additional_headers=cookies(user), open_timeout=LONG) as socket:
            if user is None:
                socket.send("{}")  # it may yet say who it is
            events = [json.loads(message) for message in socket]
            code = socket.close_code
    except InvalidStatus as refused:
        return refused.response.status_code
    except ConnectionClosedError as closed:
        return closed.rcvd.code if closed.rcvd is not None else 0
    return events if code == 1000 else code or 0


def by_polling(shop: Served, urls: dict[str, str], user: str | None) -> Events | int:
    """All events over long-polling; or the status of the refusal."""
    events: Events = []
    after: str | None = None
    while True:
        params = {"wait": "20"} | ({"after": after} if after else {})
        answer = httpx.get(shop.url(urls["events"]), params=params, headers=cookies(user), timeout=LONG)
        if answer.status_code != 200:
            return answer.status_code
        body = answer.json()
        events += body["events"]
        after = body["last_event_id"]
        if body["final"]:
            return events


TRANSPORTS = {"stream": by_stream, "socket": by_socket, "polling": by_polling}
