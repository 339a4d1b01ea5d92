"""All that an attempt has written so far, as one event for whoever joins."""

from __future__ import annotations

from taskbeam.journal.encode import to_json
from taskbeam.journal.events import Unnumbered


def text_so_far(
    task_id: str,
    state: bytes,
    name: bytes,
    attempt: bytes,
    start: bytes,
    omitted: bytes,
    text: bytes,
) -> Unnumbered:
    """The event, which moves no cursor.

    ``text`` is as it stands in a JSON string, so it is not encoded again. It begins with the UTF-16 unit
    ``start``; ``omitted`` units are nowhere in it.
    """
    left_out = b',"omitted":%b' % omitted if omitted != b"0" else b""
    return Unnumbered(
        b'{"task_id":%b,"type":"output","state":%b,"name":%b,"attempt":%b,"final":false,'
        b'"output":{"offset":%b,"text":"%b"%b}}'
        % (
            to_json(task_id).encode(),
            to_json(state.decode()).encode(),
            to_json(name.decode() or None).encode(),
            attempt,
            start,
            text,
            left_out,
        )
    )
