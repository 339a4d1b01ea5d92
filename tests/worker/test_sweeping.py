"""Files are kept as long as a task that needs them can be read."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from stack.valkey import Valkey
from taskbeam.storage import Room, owner_folder
from tests.support.results import client_of, names
from worker.celery_app import PUBLIC_ERRORS, create_celery
from worker.claims import Claim, Claims
from worker.storing import StorageFullError, StoredFiles
from worker.sweeping import GRACE, Kept, Sweeper, why_to_go

from .pictures import encoded, gradient, left_in
from .running import follow, settings_for, worker

HOUR = 3600.0


@pytest.mark.parametrize(
    ("claim", "idle", "goes"),
    [
        (Claim.NEVER, 0, False),
        (Claim.NEVER, HOUR - 1, False),
        (Claim.NEVER, HOUR, True),
        (Claim.LIVING, 9 * HOUR, False),
        (Claim.EXPIRED, GRACE - 1, False),
        (Claim.EXPIRED, GRACE, True),
    ],
)
def test_who_claimed_a_file_decides(claim: Claim, idle: float, goes: bool) -> None:
    why = why_to_go(Kept(Path("a"), 1, 5000.0), claim, 5000.0 + idle, keep=HOUR)
    assert (why is not None) == goes


def put(path: Path, age: float, size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def app(valkey: Valkey, tmp_path: Path) -> Iterator[Celery]:
    found = create_celery(settings_for(valkey, tmp_path))
    yield found
    found.close()


@pytest.fixture
def client(valkey: Valkey) -> Iterator[Any]:
    """Asks where the claims and the journals are."""
    with client_of(valkey.url(1)) as found:
        yield found


class TestTheSweep:
    @pytest.fixture
    def claims(self, app: Celery, tmp_path: Path) -> Claims:
        return Claims(app, str(tmp_path))

    @staticmethod
    def claim(claims: Claims, client: Any, path: str, *tasks: str) -> None:
        client.sadd(f"{claims._prefix}{path}", *tasks)

    def test_spares_what_a_living_task_needs_and_takes_what_only_expired_ones_did(
        self, claims: Claims, client: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The journal's head, or Celery's own result, says that a task lives."""
        files = ("sub/expired", "sub/with-a-journal", "sub/with-a-result", "sub/by-both", "young", "aged")
        paths = [put(tmp_path / name, 2 * HOUR if name == "aged" else 300) for name in files]
        task = f"{tmp_path.name}-"
        client.hset(names(f"{task}b").head, "state", "STARTED")
        client.set(names(f"{task}c").result, "{}")
        for name, tasks in zip(files, ("a", "ab", "c", "cd", "", ""), strict=True):
            if tasks:
                self.claim(claims, client, name, *(task + each for each in tasks))
        with caplog.at_level(logging.INFO):
            Sweeper(tmp_path, HOUR, claims).sweep()
        assert [path.exists() for path in paths] == [False, True, True, True, True, False]
        assert "Removed sub/expired (10 bytes)" in caplog.text
        assert "the tasks that needed it have expired" in caplog.text
        assert "Removed aged (10 bytes)" in caplog.text
        # Nothing is left of those that are gone.
        left: Any = client.smembers(f"{claims._prefix}sub/with-a-journal")
        assert left == {f"{task}b".encode()}
        assert not client.exists(f"{claims._prefix}sub/expired")
        for key in (names(f"{task}b").head, names(f"{task}c").result):
            client.delete(key)
        Sweeper(tmp_path, HOUR, claims).sweep()
        assert [path.exists() for path in paths] == [False, False, False, False, True, False]

    def test_spares_what_a_task_finds_while_it_is_at_work(
        self, claims: Claims, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = put(tmp_path / "found", 300)
        self.claim(claims, client, "found", "gone")
        asked = Claims.of

        def find_meanwhile(self: Claims, paths: Any) -> Any:
            found = list(asked(self, paths))
            StoredFiles(tmp_path).keep("found")
            return found

        monkeypatch.setattr(Claims, "of", find_meanwhile)
        Sweeper(tmp_path, HOUR, claims).sweep()
        assert path.exists()

    def test_of_a_folder_that_is_not_there_does_nothing(self, claims: Claims, tmp_path: Path) -> None:
        Sweeper(tmp_path / "none", HOUR, claims).sweep()


def test_an_owners_files_have_a_bound(tmp_path: Path) -> None:
    files = StoredFiles(tmp_path, room=Room(tmp_path, 100_000, 20_000))
    files.store(f"images/{owner_folder('ada')}/a", bytes(12_000))
    with pytest.raises(StorageFullError, match="20000 bytes"):
        files.store(f"reports/{owner_folder('ada')}/b", bytes(12_000))
    files.store(f"images/{owner_folder('bob')}/a", bytes(12_000))
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 2
    assert PUBLIC_ERRORS[StorageFullError.__name__][0] == "storage_full"


def test_a_worker_sweeps_at_its_start_and_before_it_stores(
    valkey: Valkey, tmp_path: Path, client: Any
) -> None:
    """And what its task has read and stored stays for as long as the task is known, however old it is."""
    settings = settings_for(valkey, tmp_path).model_copy(update={"sweep_interval": 0})
    day = 26 * HOUR
    aged = [put(settings.files_dir / "reports/a.pdf", day), put(settings.uploads_dir / "0a", day)]
    with worker(settings, queues="images") as app:
        assert [path.exists() for path in aged] == [False, False]
        aged = [put(path, day) for path in aged]
        leave = left_in(settings.uploads_dir)
        upload = leave(encoded(gradient(30, 20)))
        *_, end = follow(app, valkey, "images.resize", upload=upload)
        assert end["status"] == "SUCCESS"
        assert [path.exists() for path in aged] == [False, False]

        mine = [settings.uploads_dir / upload, *(settings.files_dir / "images" / upload).iterdir()]
        assert len(mine) > 1
        make_old(mine, day)
        *_, end = follow(app, valkey, "images.resize", upload=leave(encoded(gradient(20, 30))))
        assert end["status"] == "SUCCESS"
        assert all(path.exists() for path in mine)
        make_old(mine, 2 * GRACE)
        for key in client.scan_iter("*celery-task-meta-*"):
            client.delete(key)
        *_, end = follow(app, valkey, "images.resize", upload=leave(encoded(gradient(40, 30))))
        assert end["status"] == "SUCCESS"
        assert not any(path.exists() for path in mine)


def make_old(paths: list[Path], age: float) -> None:
    for path in paths:
        os.utime(path, (time.time() - age,) * 2)
