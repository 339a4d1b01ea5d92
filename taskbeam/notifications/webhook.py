"""What a webhook is sent: Standard Webhooks 1.0 (standardwebhooks.com)."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from taskbeam.journal.events import FAILURE, IGNORED, LOST, REJECTED, REVOKED, SUCCESS
from taskbeam.notifications.channel import Channel, Request
from taskbeam.notifications.outcome import WEBHOOK

if TYPE_CHECKING:
    from taskbeam.notifications.ended import Ended
    from taskbeam.notifications.members import Message
    from taskbeam.notifications.target import Target

#: The type of the message about each fate.
TYPES = {
    SUCCESS: "task.succeeded",
    FAILURE: "task.failed",
    REVOKED: "task.revoked",
    IGNORED: "task.ignored",
    REJECTED: "task.rejected",
    LOST: "task.lost",
}

#: Bytes of a body, as the specification advises; what does not fit is left out, the largest members first.
LARGEST = 20_000

USER_AGENT = "Taskbeam (webhooks)"


def body_of(ended: Ended) -> bytes:
    """The message's JSON: its type, when the task ended, and the event as `docs/contract.md` has it."""
    data: dict[str, Any] = dict(ended.event)
    labels = ended.labels
    data["labels"] = {"owner": labels.owner, "tags": list(labels.tags), "title": labels.title}
    message = {"type": TYPES[ended.state], "timestamp": _iso(float(ended.event["ts"])), "data": data}
    body = _encoded(message)
    for member in ("result", "data", "steps"):
        if len(body) > LARGEST and data.pop(member, None) is not None:
            data[f"{member}_omitted"] = True
            body = _encoded(message)
    return body


def signed(target: Target, message: Message, ended: Ended, now: datetime) -> Request:
    """One try at a message: its id stays, its time is that of the try, and each of the secrets signs."""
    return _sealed(target, message.id, body_of(ended), now)


def trial(target: Target, now: datetime) -> Request:
    """A message by which somebody sees whether a webhook works; it is about no task."""
    body = _encoded({"type": "webhook.test", "timestamp": _iso(now.timestamp()), "data": {}})
    return _sealed(target, f"msg_test_{token_hex(12)}", body, now)


def _sealed(target: Target, message_id: str, body: bytes, now: datetime) -> Request:
    # The library takes any time for one of UTC.
    now = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(message_id, now, body.decode()) for secret in target.secrets]
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return Request(headers, body)


def new_secret() -> str:
    """A secret as the specification writes it, of 32 random bytes."""
    return f"whsec_{b64encode(token_bytes(32)).decode()}"


def _encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


#: As `Sender` takes it.
WEBHOOKS = Channel(signed, WEBHOOK)
