"""What a canvas costs Redis beside what stock Celery's does, and that all of it ends whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import Celery, chain, chord, group, states

from tests.support.patient_reports import patient_reports
from tests.support.redis_cluster import one_server
from tests.support.results import results_at

from .apps import journal_of, keys_of, results_app
from .runner import run_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from stack.valkey import Valkey

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")

DB = 12
#: Stock Celery's writes are these; its chords have scripts, too.
WRITES = ("setex", "evalsha")


def canvas_app(url: str) -> Celery:
    # All applications of a process share one broker in memory.
    app = results_app(url, task_default_queue=str(uuid4()), result_chord_join_timeout=30)
    app.main = "canvas"
    app.task(name="one", shared=False)(_one)
    app.task(name="fails", shared=False)(_fails)
    app.task(name="retries", bind=True, shared=False)(_retries)
    app.task(name="replaces", bind=True, shared=False)(_replaces)
    return app


def _one(*_: Any) -> int:
    return 1


def _fails(*_: Any) -> None:
    raise ValueError


def _retries(self: Any) -> int:
    if not self.request.retries:
        raise self.retry(countdown=0)
    return 1


def _replaces(self: Any) -> Any:
    one = self.app.signature("one", immutable=True)
    return self.replace(group(one, one))


@pytest.fixture(autouse=True)
def _patient_reports() -> Iterator[None]:
    """Everything that is sent is told, and counted."""
    with patient_reports():
        yield


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return canvas_app("taskbeam+" + results_at(valkey.url(DB)))


def one(app: Celery, name: str = "one") -> Any:
    return app.signature(name, immutable=True)


def groups(app: Celery, width: int, levels: int) -> Any:
    """Groups, one behind the other, as `|` makes them."""
    return chain(*(group(one(app) for _ in range(width)) for _ in range(levels)), one(app), app=app)


def chains(app: Celery, width: int, levels: int) -> Any:
    """A group of chains, and another group behind it."""
    rows = [chain(*[one(app)] * levels, app=app) for _ in range(width)]
    return chain(group(rows), group(one(app) for _ in range(width)), one(app), app=app)


def links(app: Celery, width: int, levels: int) -> Any:
    return chain(*[one(app)] * (width * levels), app=app)


def calls(client: redis.Redis, app: Celery, canvas: Any) -> dict[str, int]:
    """How often each command was called while the canvas was sent and ran to its end."""
    client.config_resetstat()
    result = canvas.apply_async()
    run_all(app)
    assert result.state == states.SUCCESS
    stats: Any = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()}


@one_server("Celery's own backend knows no cluster")
@pytest.mark.parametrize("canvas", [groups, chains, links])
def test_each_task_costs_at_most_three_times_stock_celerys_writes(
    app: Celery, client: redis.Redis, valkey: Valkey, canvas: Any
) -> None:
    stock = canvas_app(valkey.url(DB))
    theirs = calls(client, stock, canvas(stock, 12, 4))
    ours = calls(client, app, canvas(app, 12, 4))
    writes = sum(theirs.get(name, 0) for name in WRITES)
    # A chain's link is told four times: it waits, is sent, begins and ends. Stock writes it once.
    assert ours["evalsha"] <= (4 if canvas is links else 3) * writes


def test_redis_keeps_no_more_for_a_task_of_a_large_group_than_of_a_small_one(
    app: Celery, client: redis.Redis
) -> None:
    def kept(width: int) -> float:
        """Bytes per task."""
        client.flushall()
        (group(one(app) for _ in range(width)) | group(one(app) for _ in range(width))).apply_async()
        server: Any = app.backend
        keys = list(server.client.scan_iter("*", count=1000))
        assert sum(key.endswith(b":head") for key in keys) >= 2 * width
        with server.client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.memory_usage(key, samples=0)
            return float(sum(pipeline.execute())) / (2 * width)

    small, large = kept(100), kept(400)
    assert large < small * 1.1


def ends(app: Celery, results: Any) -> set[tuple[str, str]]:
    """How the tasks ended: state and code."""
    last = [journal_of(app, result.id)[-1] for result in results]
    assert all(event["final"] for event in last)
    return {(event["state"], event.get("error", {}).get("code", "")) for event in last}


def two_groups(app: Celery, *names: str) -> tuple[Any, Any, Any]:
    """Send them; the results of the first group, of the second, and of the task behind them."""
    second = [str(uuid4()) for _ in range(5)]
    later = group(one(app).set(task_id=task_id) for task_id in second)
    last: Any = chain(group(one(app, name) for name in names), later, one(app), app=app).apply_async()
    return last.parent.results, [app.AsyncResult(task_id) for task_id in second], last


@pytest.mark.parametrize("name", ["retries", "replaces"])
def test_all_goes_on_behind_a_member_that(app: Celery, name: str) -> None:
    first, second, last = two_groups(app, "one", name, "one")
    run_all(app)
    assert ends(app, [*first, *second, last]) == {("SUCCESS", "")}


@pytest.mark.parametrize("failing", [["fails", "one", "one"], ["one", "one", "fails"], ["fails"] * 3])
def test_all_ends_behind_a_member_that_fails(app: Celery, failing: list[str]) -> None:
    _, second, last = two_groups(app, *failing)
    run_all(app)
    assert ends(app, [*second, last]) == {("FAILURE", "dependency_failed")}
    assert [len(journal_of(app, result.id)) for result in (*second, last)] == [2] * 6


@one_server("it counts the commands of one server")
def test_ends_behind_members_that_all_fail_cost_little(app: Celery, client: redis.Redis) -> None:
    two_groups(app, *["fails"] * 3)
    client.config_resetstat()
    run_all(app)
    stats: Any = client.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] <= 40


def test_it_does_so_with_ids_of_any_characters(app: Celery) -> None:
    odd = ["report/2026\n7", "50%0A off", "a\u2028b", "x\x0by"]
    later = group(one(app).set(task_id=task_id) for task_id in odd)
    chain(one(app, "fails").set(task_id="the\nfirst"), later, app=app).apply_async()
    run_all(app)
    results = [app.AsyncResult(task_id) for task_id in odd]
    assert ends(app, results) <= {("FAILURE", "dependency_failed"), ("FAILURE", "task_failed")}


@pytest.mark.parametrize("place", [0, 3])
def test_of_a_group_that_waits_one_is_revoked(app: Celery, place: int) -> None:
    """What waits for the whole group ends; the others go their way."""
    _, second, last = two_groups(app, "one", "one")
    backend: Any = app.backend
    backend.mark_as_revoked(second[place].id, "cancelled")
    assert ends(app, [last]) == {("FAILURE", "dependency_failed")}
    others = [result for result in second if result is not second[place]]
    assert [journal_of(app, result.id)[-1]["state"] for result in others] == ["PENDING"] * 4
    run_all(app)
    assert ends(app, others) == {("SUCCESS", "")}


def test_all_ends_also_where_the_first_of_a_group_was_revoked(app: Celery) -> None:
    _, second, last = two_groups(app, "one", "fails")
    backend: Any = app.backend
    backend.mark_as_revoked(second[0].id, "cancelled")
    run_all(app)
    assert ends(app, [second[0]]) == {("REVOKED", "revoked")}
    assert ends(app, [*second[1:], last]) == {("FAILURE", "dependency_failed")}


def test_a_chord_in_a_chord_ends_from_within(app: Celery) -> None:
    inner = chord([one(app, "fails"), one(app)], one(app))
    body: Any = chord([one(app), inner], one(app)).apply_async()
    run_all(app)
    assert ends(app, [body]) == {("FAILURE", "dependency_failed")}


def test_what_a_first_message_could_not_tell_is_told_later(app: Celery) -> None:
    """Redis was away when it was sent: the heads are not there."""
    last: Any = links(app, 1, 4).apply_async()
    backend: Any = app.backend
    for result in (last, last.parent, last.parent.parent):
        backend.client.delete(keys_of(app, result.id).head)
    run_all(app)
    assert [event["state"] for event in journal_of(app, last.id)][-3:] == ["PENDING", "STARTED", "SUCCESS"]
    assert ends(app, [last, last.parent]) == {("SUCCESS", "")}
