"""What a service was sent, and whether that is what was promised."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from standardwebhooks import Webhook, WebhookVerificationError

from tests.support.receiver import said

from .stage import headers

if TYPE_CHECKING:
    import asyncio
    import random
    from collections.abc import Iterable

TAKEN = said("HTTP/1.1 204 No Content\n\n")
BUSY = said("HTTP/1.1 500 Busy\ncontent-length: 0\n\n")


class TaskEnd(NamedTuple):
    """An end of a task, as a message names it."""

    task_id: str
    event_id: str


class Heard:
    """Answers as a `Receiver` wants it: some messages are refused, and some connections break off.

    ``sent``: the ids of the messages about each end. ``taken``: how often each message was taken.
    """

    def __init__(self, secret: str, choose: random.Random) -> None:
        self._secret = Webhook(secret)
        self._choose = choose
        self.requests = 0
        self.forged = 0
        self.sent: defaultdict[TaskEnd, set[str]] = defaultdict(set)
        self.taken: defaultdict[TaskEnd, int] = defaultdict(int)

    async def answer(
        self, request: tuple[str, bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request."""
        self.requests += 1
        try:
            self._secret.verify(request[1], headers(request))
        except WebhookVerificationError:
            self.forged += 1
        data = json.loads(request[1])["data"]
        end = TaskEnd(data["task_id"], data["id"])
        self.sent[end].add(headers(request)["webhook-id"])
        chance = self._choose.random()
        if chance < 0.02:
            writer.transport.abort()
        elif chance < 0.1:
            await BUSY(reader, writer)
        else:
            self.taken[end] += 1
            await TAKEN(reader, writer)

    @property
    def twice(self) -> int:
        """How many messages were taken more than once."""
        return sum(times > 1 for times in self.taken.values())

    def wrong(self, ends: Iterable[TaskEnd]) -> list[str]:
        """Each promise that was broken: these ends have happened."""
        found = [f"never told: {end}" for end in ends if end not in self.taken]
        found += [f"several ids: {end} {ids}" for end, ids in self.sent.items() if len(ids) > 1]
        ids = [next(iter(ids)) for ids in self.sent.values()]
        found += [] if len(ids) == len(set(ids)) else ["two ends have the same id"]
        return found + ([f"{self.forged} signatures are wrong"] if self.forged else [])
