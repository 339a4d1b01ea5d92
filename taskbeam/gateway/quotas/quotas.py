"""Takes from tenants' quotas, by a script of one round trip; gateways need not know of each other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.gateway.quotas.quota import too_fast, too_many_waiting
from taskbeam.journal.events import PENDING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from redis.asyncio import Redis

    from taskbeam.gateway.quotas.quota import Quota
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys

    #: Which quota a tenant has; None = that of the settings.
    QuotaOf = Callable[[str], Quota | None]

MINUTE, HOUR = 60.0, 3600.0

#: Seconds that the set of a tenant's waiting jobs outlives the newest of them.
KEEP = 24 * 3600

#: Seconds for which a job without a journal may still be on its way to the broker.
ON_ITS_WAY = 60.0

_MICROS = 1_000_000


class _Keys(NamedTuple):
    """Of one tenant."""

    jobs: str
    bytes: str
    waiting: str

    @classmethod
    def of(cls, tenant: str, control: ControlKeys) -> _Keys:
        digest = sha256(tenant.encode()).hexdigest()[:32]
        return cls(*(control.quota(digest, what) for what in cls._fields))


class Quotas:
    """``keys`` makes a task's names in Redis, and ``heads`` reads there.

    ``usual`` is the quota of whom ``quota_of`` has none for.
    """

    def __init__(
        self,
        redis: Redis,
        control: ControlKeys,
        heads: Exchange,
        keys: Callable[[str], TaskKeys],
        usual: Quota,
        quota_of: QuotaOf | None = None,
    ) -> None:
        self._redis: Any = redis  # redis-py's types leave open whether replies are decoded
        self._control = control
        self._heads = heads
        self._keys = keys
        self._usual = usual
        self._quota_of = quota_of
        self._take = redis.register_script(files(__package__).joinpath("take.lua").read_text())

    async def take_job(self, tenant: str, task_id: str) -> None:
        """Count a job that is about to be sent.

        Raises `TaskbeamError` ``too_many_jobs`` or ``rate_limited``; redis-py's errors.
        """
        quota, keys = self._quota(tenant), _Keys.of(tenant, self._control)
        most, rate = quota.waiting_jobs or 0, quota.jobs_per_minute
        if not most and rate is None:
            return
        cost = MINUTE / rate if rate is not None else 0.0
        verdict, *number = await self._ask(keys.jobs, keys.waiting, cost, MINUTE, most, task_id)
        if verdict == b"waiting" and await self._forget_begun(keys.waiting):
            verdict, *number = await self._ask(keys.jobs, keys.waiting, cost, MINUTE, most, task_id)
        if verdict == b"waiting":
            raise too_many_waiting(int(number[0]), most)
        if verdict == b"fast":
            raise too_fast(f"{rate:g} jobs per minute", int(number[0]) / _MICROS)

    @asynccontextmanager
    async def job_taken(self, tenant: str | None, task_id: str) -> AsyncIterator[None]:
        """Take the job, and give its place back where it cannot be sent; nothing for nobody.

        Raises as `take_job`.
        """
        if tenant is None:
            yield
            return
        await self.take_job(tenant, task_id)
        try:
            yield
        except BaseException:
            await self._redis.zrem(_Keys.of(tenant, self._control).waiting, task_id)
            raise

    async def take_bytes(self, tenant: str, size: int) -> None:
        """Count bytes that come, or are about to.

        Raises `TaskbeamError` ``rate_limited``; redis-py's errors.
        """
        rate, keys = self._quota(tenant).upload_bytes_per_hour, _Keys.of(tenant, self._control)
        if rate is None:
            return
        verdict, *number = await self._ask(keys.bytes, keys.waiting, size * HOUR / rate, HOUR, 0, "")
        if verdict == b"fast":
            raise too_fast(f"{rate:g} bytes of uploads per hour", int(number[0]) / _MICROS)

    def _quota(self, tenant: str) -> Quota:
        own = self._quota_of(tenant) if self._quota_of is not None else None
        return own if own is not None else self._usual

    async def _ask(
        self, due: str, waiting: str, cost: float, burst: float, most: int, job: str
    ) -> list[bytes | int]:
        arguments = (round(cost * _MICROS), round(burst * _MICROS), most, job, KEEP)
        answer: list[bytes | int] = await self._take(keys=(due, waiting), args=arguments)
        return answer

    async def _forget_begun(self, waiting: str) -> bool:
        """Take out what waits no more, whatever became of it; returns whether there was something.

        Only whoever has come to the limit pays for it, and nothing that a crash left behind stays.
        """
        jobs = [(raw.decode(), at) for raw, at in await self._redis.zrange(waiting, 0, -1, withscores=True)]
        now, _ = await self._redis.time()
        states = await self._heads.execute(
            *(("HGET", self._keys(task_id).head, "state") for task_id, _ in jobs)
        )
        begun = [
            task_id
            for (task_id, at), state in zip(jobs, states, strict=True)
            if (now - at > ON_ITS_WAY if state is None else state != PENDING.encode())
        ]
        return bool(begun and await self._redis.zrem(waiting, *begun))
