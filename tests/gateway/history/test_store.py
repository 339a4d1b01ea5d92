"""The table: the same on both databases, however often it is written, and searched as the list is."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway.dashboard.rows import Kind
from taskbeam.gateway.dashboard.wanted import Wanted
from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.database import opened, postgresql_arguments
from taskbeam.gateway.history.kept import columns_of
from taskbeam.gateway.history.store import DROPPED, HistoryStore, Search
from taskbeam.gateway.history.text import storable

from .rows import FIRST, row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from taskbeam.gateway.dashboard.place import Place
    from tests.support.postgresql import Postgres

ROWS = [
    row(0, owner="Ada", title="100% of 'May'_1"),
    row(1, state="FAILURE", code="no_such_month", exception="ValueError: Straße"),
    row(2, tags=["nightly", "finance"], owner="ada"),
    row(3, state="FAILURE", code="task_failed", message="There is no \\ month 13.", sent=FIRST + 2),
    row(4, name="reports.\0generate", title="\ud800 مرحبا"),
    row(5, state="LOST", worker="celery@one"),
]

#: What an operator may ask for.
ASKED = [
    Wanted(),
    Wanted("ADA"),
    Wanted("100% may'_"),
    Wanted("strasse valueERROR"),
    Wanted("\\ month"),
    Wanted("no_such_month", owner="ada"),
    Wanted("1__%"),
    Wanted("مرحبا"),
    Wanted("\0g"),
    Wanted(owner="ada"),
    Wanted(tag="finance"),
    Wanted(tag="fin"),
    Wanted(code="task_failed"),
    Wanted(exception="ValueError: Straße"),
    Wanted(name="tests.task", text="celery@one"),
]


def kept(store: HistoryStore, rows: Iterable[dict[str, Any]], meta: str | None = None) -> None:
    store.write([columns_of(each, meta) for each in rows])


def everything(kind: str | None = None, before: Place | None = None) -> Search:
    return Search([], kind, 0, None, before)


def found(store: HistoryStore, search: Search, look: int = 100, most: int = 100) -> list[dict[str, Any]]:
    return [json.loads(text) for _, text in store.find(search, look, most).rows]


def test_what_is_wanted_is_found_the_newest_first(store: HistoryStore) -> None:
    """Once for all questions: each is answered as the list in Redis answers it."""
    kept(store, ROWS)
    newest = sorted(ROWS, key=lambda each: (each["sent"], each["id"]), reverse=True)
    assert found(store, everything()) == newest
    for wanted in ASKED:
        search = Search(list(map(storable, wanted.words)), None, 0, None, None)
        asked = [each for each in found(store, search) if wanted.fits(each)]
        assert asked == [each for each in newest if wanted.fits(each)], wanted
    for kind in Kind:
        states = {each["state"] for each in found(store, everything(str(kind)))}
        assert states == {Kind.FAILED: {"FAILURE"}, Kind.SUCCEEDED: {"SUCCESS"}, Kind.LOST: {"LOST"}}.get(
            kind, set()
        )
    assert store.counts() == {"succeeded": 3, "failed": 2, "lost": 1}
    since = Search([], None, round(FIRST * 1000) + 1000, round(FIRST * 1000) + 2000, None)
    assert [each["id"] for each in found(store, since)] == ["task-003", "task-002", "task-001"]


def test_a_search_reads_on_from_where_it_has_looked(store: HistoryStore) -> None:
    kept(store, [row(number, title="wanted" if number % 7 == 0 else None) for number in range(30)])
    place, ids, pieces = None, [], 0
    while True:
        piece = store.find(Search(["wanted"], None, 0, None, place), 4, 4)
        ids += [place.task_id for place, _ in piece.rows]
        pieces += 1
        if (place := piece.reached) is None:
            break
    assert ids == ["task-028", "task-021", "task-014", "task-007", "task-000"]
    assert pieces == 8, "each has looked at four"


def test_a_life_of_a_task_is_one_row_however_often_it_is_written(store: HistoryStore) -> None:
    first, second = row(1), row(1, epoch=row(1)["epoch"] + 5, title="another life")
    kept(store, [first], '{"status": "SUCCESS"}')
    kept(store, [first, second])
    assert len(found(store, everything())) == 2
    assert store.newest("task-001") == (columns_of(second, None)["row"], None)
    kept(store, [first | {"ts": first["ts"] - 1, "title": "an older one"}])
    assert {each.get("title") for each in found(store, everything())} == {"another life", None}
    kept(store, [second | {"ts": second["ts"] + 1, "title": "a newer one"}])
    assert {each.get("title") for each in found(store, everything())} == {"a newer one", None}


def test_of_one_moment_the_row_stays_that_says_more(store: HistoryStore) -> None:
    """A journal that is read again does not know which worker it was."""
    kept(store, [row(1, worker="celery@one")])
    kept(store, [row(1)], '{"status": "SUCCESS"}')
    assert store.newest("task-001") == (
        columns_of(row(1, worker="celery@one"), None)["row"],
        '{"status": "SUCCESS"}',
    )
    assert found(store, Search(["celery@one"], None, 0, None, None)) == [row(1, worker="celery@one")]
    kept(store, [row(1, worker="celery@one", title="May")])
    assert found(store, everything()) == [row(1, worker="celery@one", title="May")]


def test_what_celery_had_stored_stays_when_a_later_write_has_it_no_more(store: HistoryStore) -> None:
    kept(store, [row(1)], '{"status": "SUCCESS"}')
    kept(store, [row(1, title="later")])
    assert store.newest("task-001") == (
        columns_of(row(1, title="later"), None)["row"],
        '{"status": "SUCCESS"}',
    )
    assert store.newest("task-002") is None


def test_what_is_too_old_is_dropped_in_pieces(store: HistoryStore) -> None:
    kept(store, [row(number) for number in range(DROPPED + 2)])
    before = round((FIRST + DROPPED + 1) * 1000)
    assert [store.drop(before) for _ in range(3)] == [DROPPED, 1, 0]
    assert [each["id"] for each in found(store, everything())] == [row(DROPPED + 1)["id"]]


def test_many_processes_may_open_an_empty_database_at_once(url: str) -> None:
    stores = [HistoryStore(history_address(url)) for _ in range(4)]
    with ThreadPoolExecutor(len(stores)) as threads:
        for _ in range(3):
            list(threads.map(lambda each: kept(each, ROWS), stores))
    assert len(found(stores[0], everything())) == len(ROWS)
    for store in stores:
        store.close()


def test_nobody_else_on_the_machine_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = HistoryStore(history_address(f"sqlite:///{path}"))
    kept(store, ROWS)
    for each in tmp_path.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each
    store.close()


@pytest.mark.parametrize(
    "text",
    ["history.db", "mysql://host/shop", "sqlite://", "sqlite:///:memory:", "", "redis://x"],
)
def test_what_is_no_database_is_refused_without_a_password(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it "):
        history_address(text)


def test_what_the_address_of_postgresql_says_holds() -> None:
    bare = postgresql_arguments(history_address("postgresql://me@host/shop"))
    assert bare.keys() == {"connect_timeout", "application_name", "options"}
    query = "connect_timeout=1&application_name=shop&options=-csearch_path%3Djobs"
    asked = postgresql_arguments(history_address(f"postgresql://me@host/shop?{query}"))
    assert asked == {"options": f"{bare['options']} -csearch_path=jobs"}


def test_postgresql_takes_the_options_of_its_address(postgres: Postgres) -> None:
    url = postgres.url(postgres.create())
    options = f"{'&' if '?' in url else '?'}application_name=shop&options=-cstatement_timeout%3D7s"
    engine = opened(history_address(url + options))
    with engine.connect() as connection:
        names = ("application_name", "statement_timeout", "lock_timeout")
        assert [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names] == ["shop", "7s", "5s"]
    engine.dispose()


def test_postgresql_is_known_by_each_of_its_names() -> None:
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        assert history_address(f"{name}://me@host/shop").drivername == "postgresql+psycopg"
