"""What one tenant may take of what all share, over all gateways."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.follow.connections import exchange_with
from taskbeam.gateway import Quota, TaskbeamError
from taskbeam.gateway.quotas.quotas import ON_ITS_WAY, Quotas
from tests.support.gateway import Gateway, gateway
from tests.support.results import connected_to, control, names
from tests.support.tokens import TOKENS
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    import redis

    from stack.valkey import Valkey
    from tests.support.journal import Journals

KEY = {"X-API-Key": "an-api-key-of-the-tests"}


def with_quotas(
    valkey: Valkey, use: Callable[[Quotas], Coroutine[Any, Any, None]], quota: Quota, **own: Quota
) -> None:
    """Run ``use`` with the quotas of one gateway; ``own`` are those of some tenants."""

    async def run() -> None:
        async with connected_to(valkey.url(1)) as client:
            heads = exchange_with(client, DEADLINE)
            await use(Quotas(client, control(), heads, names, quota, own.get))
            await heads.aclose()

    asyncio.run(run())


def keys(client: redis.Redis) -> list[str]:
    return sorted(key.decode() for key in client.scan_iter(f"{control().prefix}quota:*", count=1000))


@pytest.fixture(autouse=True)
def _fresh(journals: Journals) -> Iterator[None]:
    yield
    for key in keys(journals.redis):
        journals.redis.delete(key)


class TestJobsThatWait:
    def test_one_too_many_is_refused_with_numbers(self, valkey: Valkey) -> None:
        async def use(quotas: Quotas) -> None:
            for number in range(3):
                await quotas.take_job("owner:ada", f"job-{number}")
            with pytest.raises(TaskbeamError, match="3 jobs are waiting, and at most 3 may") as refused:
                await quotas.take_job("owner:ada", "job-3")
            assert refused.value.problem.code == "too_many_jobs"
            assert refused.value.headers == {"Retry-After": "10"}
            await quotas.take_job("owner:grace", "job-4")

        with_quotas(valkey, use, Quota(waiting_jobs=3))

    def test_those_that_began_ended_or_are_gone_give_their_places_back(
        self, valkey: Valkey, journals: Journals
    ) -> None:
        begun, ended, waiting = journals.task(), journals.task(), journals.task()
        begun.append()
        ended.finish()

        async def use(quotas: Quotas) -> None:
            for task_id in (begun.id, ended.id, waiting.id, "never-sent"):
                await quotas.take_job("owner:ada", task_id)
            [name] = [key for key in keys(journals.redis) if key.endswith(":waiting")]
            # What a gateway that crashed left behind: no journal ever came of it.
            journals.redis.zincrby(name, -ON_ITS_WAY - 1, "never-sent")
            for number in range(3):
                await quotas.take_job("owner:ada", f"on-its-way-{number}")
            with pytest.raises(TaskbeamError, match="4 jobs are waiting"):
                await quotas.take_job("owner:ada", "one-too-many")

        with_quotas(valkey, use, Quota(waiting_jobs=4))

    def test_one_that_could_not_be_sent_does_not_wait(self, valkey: Valkey) -> None:
        async def use(quotas: Quotas) -> None:
            for _ in range(3):
                with pytest.raises(ConnectionError):
                    async with quotas.job_taken("owner:ada", "job"):
                        raise ConnectionError

        with_quotas(valkey, use, Quota(waiting_jobs=1))

    def test_of_many_at_once_exactly_as_many_are_taken_as_may(self, valkey: Valkey) -> None:
        async def use(quotas: Quotas) -> None:
            taking = [quotas.take_job("owner:ada", f"job-{number}") for number in range(50)]
            taken = await asyncio.gather(*taking, return_exceptions=True)
            assert sum(error is None for error in taken) == 10

        with_quotas(valkey, use, Quota(waiting_jobs=10))


class TestRates:
    def test_a_minutes_worth_of_jobs_may_come_at_once_and_then_it_is_said_when(self, valkey: Valkey) -> None:
        async def use(quotas: Quotas) -> None:
            for number in range(6):
                await quotas.take_job("owner:ada", f"job-{number}")
            with pytest.raises(TaskbeamError, match="At most 6 jobs per minute") as refused:
                await quotas.take_job("owner:ada", "job-6")
            assert refused.value.problem.code == "rate_limited"
            assert refused.value.headers is not None
            assert 1 <= int(refused.value.headers["Retry-After"]) <= 10
            await quotas.take_job("owner:grace", "job-7")

        with_quotas(valkey, use, Quota(jobs_per_minute=6))

    def test_what_is_refused_costs_nothing(self, valkey: Valkey, journals: Journals) -> None:
        async def use(quotas: Quotas) -> None:
            await quotas.take_job("owner:ada", "job-0")
            [name] = [key for key in keys(journals.redis) if key.endswith(":jobs")]
            due = journals.redis.get(name)
            for number in range(5):
                with pytest.raises(TaskbeamError):
                    await quotas.take_job("owner:ada", f"more-{number}")
            assert journals.redis.get(name) == due

        with_quotas(valkey, use, Quota(jobs_per_minute=1))

    def test_bytes_of_uploads(self, valkey: Valkey) -> None:
        async def use(quotas: Quotas) -> None:
            await quotas.take_bytes("owner:ada", 900)
            with pytest.raises(TaskbeamError, match="At most 1000 bytes of uploads per hour"):
                await quotas.take_bytes("owner:ada", 200)
            await quotas.take_bytes("owner:ada", 100)

        with_quotas(valkey, use, Quota(upload_bytes_per_hour=1000))

    def test_a_clock_of_redis_that_was_ahead_locks_nobody_out(
        self, valkey: Valkey, journals: Journals
    ) -> None:
        """As after a failover to a server whose clock is an hour behind."""

        async def use(quotas: Quotas) -> None:
            await quotas.take_job("owner:ada", "job-0")
            [name] = [key for key in keys(journals.redis) if key.endswith(":jobs")]
            due: Any = journals.redis.get(name)
            journals.redis.set(name, int(due) + 3600 * 1_000_000)
            with pytest.raises(TaskbeamError) as refused:
                await quotas.take_job("owner:ada", "job-1")
            assert refused.value.headers is not None
            assert int(refused.value.headers["Retry-After"]) <= 60

        with_quotas(valkey, use, Quota(jobs_per_minute=1))


class TestTenants:
    def test_one_may_have_a_quota_of_its_own(self, valkey: Valkey) -> None:
        async def use(quotas: Quotas) -> None:
            await quotas.take_job("ada", "job-0")
            await quotas.take_job("ada", "job-1")
            await quotas.take_job("grace", "job-2")
            with pytest.raises(TaskbeamError):
                await quotas.take_job("grace", "job-3")

        with_quotas(valkey, use, Quota(waiting_jobs=1), ada=Quota(waiting_jobs=2))

    def test_nothing_of_one_stays_for_ever(self, valkey: Valkey, journals: Journals) -> None:
        async def use(quotas: Quotas) -> None:
            await quotas.take_job("owner:ada", "job")
            await quotas.take_bytes("owner:ada", 1)

        with_quotas(valkey, use, Quota(waiting_jobs=9, jobs_per_minute=9, upload_bytes_per_hour=9))
        found = keys(journals.redis)
        assert len(found) == 3
        assert all(journals.redis.pttl(key) > 0 for key in found)
        assert not any("ada" in key for key in found)


LIMITS: dict[str, Any] = {**TOKENS, "max_waiting_jobs": 10}


class TestOverHttp:
    @pytest.fixture
    def two(self, valkey: Valkey) -> Iterator[list[Gateway]]:
        url = valkey.url().removesuffix("/0")
        with gateway(url, **LIMITS) as one, gateway(url, "portable", **LIMITS) as other:
            yield [one, other]

    def test_25_at_once_on_two_gateways_are_as_many_as_may(self, two: list[Gateway]) -> None:
        def send(number: int) -> httpx.Response:
            headers = {**KEY, "Taskbeam-Owner": "ada", "Idempotency-Key": f"key-{number}"}
            url = f"{two[number % 2].http}/reports"
            return httpx.post(url, json={"user_id": 1}, headers=headers, timeout=60)

        with ThreadPoolExecutor(25) as pool:
            answers = list(pool.map(send, range(25)))
        taken = [number for number, answer in enumerate(answers) if answer.status_code == 202]
        assert len(taken) == 10
        refused = next(answer for answer in answers if answer.status_code != 202)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_jobs")
        assert refused.headers["retry-after"] == "10"
        assert "10 jobs are waiting, and at most 10 may" in refused.json()["detail"]
        # A repeated request is no job more.
        again = send(taken[0])
        assert (again.status_code, again.json()["task_id"]) == (202, answers[taken[0]].json()["task_id"])
        # A refused request leaves its key free, and others are not concerned.
        other = {**KEY, "Taskbeam-Owner": "grace"}
        assert httpx.post(f"{two[0].http}/reports", json={"user_id": 1}, headers=other).status_code == 202

    def test_uploads(self, valkey: Valkey) -> None:
        settings = {**LIMITS, "max_upload_bytes_per_hour": 300 * 1024}
        headers = {**KEY, "Taskbeam-Owner": "ada", "Content-Type": "image/png"}
        with gateway(valkey.url().removesuffix("/0"), **settings) as served:

            def upload(body: Any) -> httpx.Response:
                return httpx.post(f"{served.http}/images", content=body, headers=headers, timeout=60)

            assert upload(b"x" * 200 * 1024).status_code == 202
            refused = upload(b"x" * 200 * 1024)
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
            assert int(refused.headers["retry-after"]) > 60
            chunked = upload(iter([b"x" * 1024] * 200))  # takes a piece of 256 KiB
            assert (chunked.status_code, chunked.json()["code"]) == (429, "rate_limited")
