"""What a device is sent: one message of Web Push (RFC 8030), in the words of the page that asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.journal.events import SUCCESS
from taskbeam.notifications.channel import Channel, Request
from taskbeam.notifications.outcome import PUSH
from taskbeam.push.encryption import encrypt
from taskbeam.push.payload import payload_of
from taskbeam.push.subscription import Keys

if TYPE_CHECKING:
    from datetime import datetime

    from taskbeam.notifications.ended import Ended
    from taskbeam.notifications.members import Message
    from taskbeam.notifications.target import Target
    from taskbeam.push.vapid import Vapid

#: Seconds for which a push service keeps a message for a device that is off: news of yesterday are none.
TTL = 24 * 3600

#: Characters of a topic (RFC 8030 §5.4).
LONGEST_TOPIC = 32

#: What is said of a task that has neither a title nor a name.
UNNAMED = "Task"


def push_channel(vapid: Vapid) -> Channel:
    """How devices are sent to, in the name of ``vapid``."""

    def request(target: Target, message: Message, ended: Ended, now: datetime) -> Request:
        assert target.presentation is not None  # a device has one
        title = ended.labels.title or ended.name or UNNAMED
        payload = payload_of(ended.end.task_id, title, ended.state, target.presentation)
        headers = {
            "authorization": vapid.authorization(target.url, now),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(TTL),
            "urgency": "normal" if ended.state == SUCCESS else "high",
            # One that is sent again takes the place of the first, where the device has not fetched that yet.
            "topic": message.id.removeprefix("msg_")[:LONGEST_TOPIC],
        }
        return Request(headers, encrypt(payload, Keys.model_validate(target.keys)))

    return Channel(request, PUSH)
