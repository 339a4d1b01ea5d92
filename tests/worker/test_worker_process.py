"""A real worker, started as it is in production, on a real Valkey."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.valkey import Valkey
from tests.support.redis_cluster import one_server

from .running import follow, settings_for, worker


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def test_a_report_is_made_and_its_progress_told(valkey: Valkey, tmp_path: Path) -> None:
    with worker(settings_for(valkey, tmp_path)) as app:
        assert (tmp_path / "shop.db").exists()  # prepared before the first job
        *steps, end = follow(app, valkey, "reports.generate", user_id=123)
        assert [step["status"] for step in steps] == ["STARTED", *["PROGRESS"] * 5]
        assert [step["result"]["current"] for step in steps[1:]] == [1, 2, 3, 4, 5]
        assert end["status"] == "SUCCESS"
        result = end["result"]
        stored = tmp_path / result["report_url"].lstrip("/")
        assert result["user_id"] == 123
        assert result["bytes"] == stored.stat().st_size

        *steps, again = follow(app, valkey, "reports.generate", user_id=123)
        assert again["result"] == result
        assert [step["result"]["current"] for step in steps[1:]] == [1, 5]

        unknown = list(follow(app, valkey, "reports.generate", user_id=99_999))
        assert [meta["status"] for meta in unknown] == ["STARTED", "FAILURE"]
        assert unknown[-1]["result"]["exc_type"] == "UnknownUserError"


@one_server("its worker has Celery's own backend, which knows no cluster")
def test_a_database_that_comes_back_costs_a_retry_and_no_report(valkey: Valkey, tmp_path: Path) -> None:
    broken = tmp_path / "shop.db"
    broken.write_bytes(b"this is no database, and SQLite will say so" * 20)
    statuses = []
    with worker(settings_for(valkey, tmp_path, backend="")) as app:
        for meta in follow(app, valkey, "reports.generate", user_id=123):
            if meta["status"] == "RETRY":
                broken.unlink(missing_ok=True)
            statuses.append(meta["status"])
    # Full jitter may make it 0 s: then the next run can begin before Celery stores the RETRY of this one.
    assert sorted(statuses[:3]) == ["RETRY", "STARTED", "STARTED"]
    assert statuses[-1] == "SUCCESS"
    assert [path.suffix for path in (tmp_path / "files" / "reports").iterdir()] == [".pdf"]
