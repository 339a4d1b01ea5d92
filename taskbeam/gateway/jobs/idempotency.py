"""`Idempotency-Key` (an IETF draft, with Stripe's semantics): a request sent twice starts one task."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

from taskbeam.gateway.problems import BAD_IDEMPOTENCY_KEY, IDEMPOTENCY_CONFLICT, TaskbeamError

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

    from taskbeam.journal.control_keys import ControlKeys

#: Seconds that a key is remembered.
REMEMBERED = 24 * 3600

MAX_KEY = 255

#: Somebody else may have claimed the key since, and that of a task that was sent stays.
RELEASE = """
local claimed = redis.call('GET', KEYS[1])
local claim = claimed and cjson.decode(claimed)
if claim and claim.task_id == ARGV[1] and not claim.sent then
  redis.call('DEL', KEYS[1])
end
"""

#: Somebody else may have claimed the key since.
NOTE_SENT = """
local claimed = redis.call('GET', KEYS[1])
local claim = claimed and cjson.decode(claimed)
if claim and claim.task_id == ARGV[1] then
  claim.sent = true
  redis.call('SET', KEYS[1], cjson.encode(claim), 'KEEPTTL')
end
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Which task stands for a request, and whether this request is the one that sends it.

    ``sent``: another one is known to have sent it.
    """

    task_id: str
    first: bool
    name: str | None = None
    sent: bool = False


class IdempotencyKeys:
    """Keys in Redis; concurrent duplicates are settled by its SET NX."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis = redis
        self._control = control
        self._release: AsyncScript = redis.register_script(RELEASE)
        self._note_sent: AsyncScript = redis.register_script(NOTE_SENT)

    async def claim(
        self, task: str, account: str, key: str | None, body: bytes, task_id: str | None = None
    ) -> Claim:
        """Claim the key for sending a task by its name; without a key every request is a first one.

        ``task_id``: of the task that is sent, if this is a first one; None = a new id.

        Accounts (`Sender.tenant`) share no keys, and neither do tasks.

        Raises `TaskbeamError` ``idempotency_conflict`` when the key was used with another body.
        """
        task_id = task_id or str(uuid4())
        if key is None:
            return Claim(task_id, first=True)
        if not 0 < len(key) <= MAX_KEY:
            raise TaskbeamError(BAD_IDEMPOTENCY_KEY)
        digest = sha256("\0".join((task, account, key)).encode()).hexdigest()
        name = self._control.idempotency(digest)
        mine = {"task_id": task_id, "body": sha256(body).hexdigest()}
        stored = None
        while stored is None:
            if await self._redis.set(name, json.dumps(mine), nx=True, ex=REMEMBERED):
                return Claim(mine["task_id"], first=True, name=name)
            stored = await self._redis.get(name)
        theirs = json.loads(stored)
        if theirs["body"] != mine["body"]:
            raise TaskbeamError(IDEMPOTENCY_CONFLICT)
        return Claim(theirs["task_id"], first=False, name=name, sent="sent" in theirs)

    async def note_sent(self, claim: Claim) -> None:
        """The task was sent: the key stays its own when its journal is gone. Raises redis-py's errors."""
        if claim.name is not None:
            await self._note_sent(keys=[claim.name], args=[claim.task_id])

    async def release(self, claim: Claim) -> None:
        """The task could not be sent: the key is free for another try. Raises redis-py's errors."""
        if claim.name is not None:
            await self._release(keys=[claim.name], args=[claim.task_id])
