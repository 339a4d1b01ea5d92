"""What a browser is told of an end: a declarative push message, which Safari shows without a service worker.

It has the task's title and its state: no result, no error and no token, as a lock screen shows it to anybody.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from taskbeam.push.encryption import LARGEST

if TYPE_CHECKING:
    from taskbeam.push.presentation import Presentation

#: Says that a message is declarative (W3C Push API); the number is that of RFC 8030.
DECLARATIVE = 8030

#: Characters of a title; a notification shows some fifty.
LONGEST_TITLE = 120


def payload_of(task_id: str, title: str, state: str, presentation: Presentation) -> bytes:
    """The message about the end of a task.

    Args:
        task_id: the task's id.
        title: what people call it.
        state: its final state.
        presentation: where a click leads, and the words.

    Returns its JSON, which can be encrypted: at most `taskbeam.push.encryption.LARGEST` bytes.
    """
    notification = {
        "title": title[:LONGEST_TITLE],
        "body": presentation.said_of(state),
        "lang": presentation.lang,
        "navigate": presentation.page_of(task_id),
        # A later message about the same task takes the place of this one.
        "tag": f"taskbeam-{sha256(task_id.encode()).hexdigest()[:16]}",
    }
    message = {"web_push": DECLARATIVE, "notification": notification}
    payload = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    if len(payload) > LARGEST:
        raise ValueError(f"A push message has at most {LARGEST} bytes, and not {len(payload)}.")
    return payload
