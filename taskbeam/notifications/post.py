"""Send one message to its target, and do what the answer asks for."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.notifications.ended import read_ended
from taskbeam.notifications.outcome import Verdict
from taskbeam.notifications.preferences import is_wanted
from taskbeam.notifications.records import Delivery
from taskbeam.notifications.targets import NoSuchTargetError
from taskbeam.outgoing.answer import Answer
from taskbeam.outgoing.endpoint import BadEndpointError, Endpoint

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.notifications.channel import Channel
    from taskbeam.notifications.due import DueSet
    from taskbeam.notifications.members import Message
    from taskbeam.notifications.preference_store import PreferenceStore
    from taskbeam.notifications.preferences import Preference
    from taskbeam.notifications.records import Records
    from taskbeam.notifications.target import Kind, Target
    from taskbeam.notifications.targets import TargetStore
    from taskbeam.outgoing.requests import Outgoing

logger = logger_for(__name__)

#: Seconds until somebody else may know how to send a kind of target.
NOT_OURS = 60.0


class Job(NamedTuple):
    """A message that can be sent: to whom, where, how often it was in vain, and what they want to hear."""

    message: Message
    target: Target
    endpoint: Endpoint
    tries: int
    preferences: Sequence[Preference]


class Post:
    """Sends, as far as ``channels`` say how. All of it raises redis-py's errors.

    Args:
        journals: by what journals are read.
        due: the queue.
        targets: who can be told.
        preferences: of which ends; read together with the targets, for what is taken at the same time.
        records: where what came of it is kept.
        outgoing: by which requests leave.
        channels: how each kind of target is sent to; one that is missing waits for another sender.
        keys: the names of a task's journal in Redis.
        endpoint: reads a target's URL; raises `BadEndpointError`.
        counts: what came of the messages: ``taken``, ``refused`` (each time), ``given_up`` and ``unwanted``.
    """

    def __init__(
        self,
        journals: Exchange,
        due: DueSet,
        targets: TargetStore,
        preferences: PreferenceStore,
        records: Records,
        outgoing: Outgoing,
        channels: Mapping[Kind, Channel],
        keys: Callable[[str], TaskKeys],
        endpoint: Callable[[str], Endpoint],
        counts: Counter[str],
    ) -> None:
        self.journals = journals
        self.targets = targets
        self.keys = keys
        self._due = due
        self._preferences = preferences
        self._records = records
        self._outgoing = outgoing
        self._channels = channels
        self._endpoint = endpoint
        self._counts = counts

    async def prepare(self, messages: Sequence[tuple[Message, int]]) -> list[Job]:
        """See to whom messages go, each of which was in vain so often. What is not sent now is no job."""
        targets = await self.targets.some(message.target for message, _ in messages)
        said = await self._preferences.of_targets(targets.values())
        jobs = (
            await self._job(message, targets.get(message.target), tries, said.get(message.target, ()))
            for message, tries in messages
        )
        return [job async for job in jobs if job is not None]

    async def _job(
        self, message: Message, target: Target | None, tries: int, preferences: Sequence[Preference]
    ) -> Job | None:
        if target is None:
            await self._due.remove(message)
        elif target.disabled is not None:
            await self._give_up(message, tries, Answer(0, f"it is disabled: {target.disabled}"))
        elif target.kind not in self._channels:
            await self._due.put_back(message, NOT_OURS, in_vain=False)
        else:
            try:
                return Job(message, target, self._endpoint(target.url), tries, preferences)
            except BadEndpointError as error:
                await self._conclude(message, target, tries, Answer(0, str(error)))
        return None

    async def send(self, job: Job) -> tuple[bool, float]:
        """Send it, if it is wanted, and see to what becomes of it.

        Returns whether its host did what it should, and else the seconds for which it wants to be left alone.
        """
        message, target, endpoint, tries, preferences = job
        ended = await read_ended(self.journals, self.keys(message.end.task_id), message.end)
        if ended is None:
            # The journal has expired.
            await self._due.remove(message)
            return True, 0.0
        if not message.replayed and not is_wanted(target, ended, preferences, self._preferences.critical):
            self._counts["unwanted"] += 1
            await self._due.remove(message)
            return True, 0.0
        request = self._channels[target.kind].request(target, message, ended, datetime.now(UTC))
        answer = await self._outgoing.post(endpoint, request.headers, request.body)
        await self._conclude(message, target, tries, answer)
        return answer.status not in (0, 429, 503), answer.retry_after or 0.0

    async def _conclude(self, message: Message, target: Target, tries: int, answer: Answer) -> None:
        rules = self._channels[target.kind].rules
        verdict, now = rules.judge(answer), time.time()
        self._counts["taken" if verdict is Verdict.SENT else "refused"] += 1
        if verdict is Verdict.FORGET:
            logger.info("Forgetting %s, which is no more: %s", target.id, answer)
            await self.targets.remove(target.id)
        else:
            health = await self._records.note(Delivery.of(message, tries + 1, answer, now))
            if verdict is Verdict.DISABLE or (verdict is Verdict.AGAIN and health.is_given_up(now)):
                await self._disable(target, answer)
        if verdict is Verdict.ALARM:
            logger.error(
                "The push service of %s refuses our credentials (%s): look at the VAPID key. Messages wait.",
                target.id,
                answer,
            )
        pause = rules.pause(tries + 1, answer) if verdict in (Verdict.AGAIN, Verdict.ALARM) else None
        if pause is not None:
            await self._due.put_back(message, pause, in_vain=True)
            return
        if verdict in (Verdict.SENT, Verdict.FORGET):
            await self._due.remove(message)
        else:
            await self._give_up(message, tries + 1, answer)

    async def _give_up(self, message: Message, tries: int, answer: Answer) -> None:
        task_id = message.end.task_id
        self._counts["given_up"] += 1
        logger.warning(
            "Gave up telling %s of the end of task %s after %d tries: %s",
            message.target,
            task_id,
            tries,
            answer,
            extra=about(task_id=task_id),
        )
        await self._records.give_up(Delivery.of(message, tries, answer, time.time()))
        await self._due.remove(message)

    async def _disable(self, target: Target, answer: Answer) -> None:
        logger.warning("Disabling %s, which takes nothing any more: %s", target.id, answer)
        with suppress(NoSuchTargetError):
            await self.targets.change(target.id, lambda one: one.changed(disabled=str(answer)))
