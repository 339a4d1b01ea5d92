"""What the sample's tasks tell whoever follows them: in this process, without Redis, a broker and workers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader

import taskbeam
from taskbeam.client import FeedEvent, TaskFailed
from taskbeam.testing import recorded, recording
from tests.support.gateway import ROOT
from worker.celery_app import create_celery
from worker.reports.wording import MONTHS
from worker.settings import WorkerSettings
from worker.texts.service import TextService
from worker.year.export import ExportPendingError

from .pictures import encoded, gradient, left_in

if TYPE_CHECKING:
    from pathlib import Path

    from celery import Celery

#: No server listens there.
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def settings(tmp_path: Path, filled_database: Path) -> WorkerSettings:
    shutil.copy(filled_database, tmp_path / "shop.db")
    return WorkerSettings(
        broker_url=f"redis://{NOWHERE}/0",
        result_backend=f"taskbeam+redis://{NOWHERE}/1",
        database_url=f"sqlite:///{tmp_path}/shop.db",
        files_dir=tmp_path / "files",
        uploads_dir=tmp_path / "uploads",
        texts_dir=ROOT / "docs",
        smtp_url=f"smtp://{NOWHERE}",
        receipts_a_month=40,
    )


@pytest.fixture
def app(settings: WorkerSettings) -> Celery:
    return create_celery(settings)


def test_a_report(app: Celery, tmp_path: Path) -> None:
    events = recorded(app.tasks["reports.generate"], user_id=123)
    assert events.states == ["PENDING", "STARTED", "SUCCESS"]
    assert [report.percent for report in events.progress] == [20, 40, 60, 80, 100]
    assert all(report.message for report in events.progress)
    stored = tmp_path / events.result["report_url"].lstrip("/")
    assert events.result["bytes"] == stored.stat().st_size
    assert events.end.files == (stored.relative_to(tmp_path / "files").as_posix(),)


def test_a_report_that_cannot_be_made(app: Celery) -> None:
    """And is not tried again."""
    events = recorded(app.tasks["reports.generate"], user_id=99_999)
    assert events.story == ["PENDING", "STARTED", "FAILURE unknown_user"]


def test_a_batch_of_an_owner(app: Celery) -> None:
    with taskbeam.labelled(owner="ada"), recording(app) as journal:
        batch = recorded(app.tasks["reports.batch"], [123, 124])
    assert batch.result["group"].startswith("ada~")
    assert batch.data == [{"group": batch.result["group"]}]
    assert [each.fate for each in journal.named("reports.generate")] == ["SUCCESS", "SUCCESS"]
    last = journal.feed("owner:ada")[-1]
    assert isinstance(last, FeedEvent)
    assert last.rollup == {"total": 3, "open": 0, "waiting": 0, "done": {"SUCCESS": 3}}


def test_a_picture(app: Celery, settings: WorkerSettings) -> None:
    upload = left_in(settings.uploads_dir)(encoded(gradient(300, 200)))
    events = recorded(app.tasks["images.resize"], upload)
    assert [report.current for report in events.progress] == [1, 2, 3, 4, 5]
    assert [chunk["picture"] for chunk in events.data] == events.result["pictures"]


def test_what_is_no_picture(app: Celery, settings: WorkerSettings) -> None:
    events = recorded(app.tasks["images.resize"], left_in(settings.uploads_dir)(b"no picture"))
    assert events.story == ["PENDING", "STARTED", "FAILURE not_an_image"]


def test_a_report_of_a_year(app: Celery, tmp_path: Path) -> None:
    """Its first attempt asks for the source; the second has it, and tells what it finds while it reads."""
    with recording(app) as journal:
        events = recorded(app.tasks["reports.year"], year=2024)
    assert events.states == ["PENDING", "STARTED", "RETRY", "STARTED", "SUCCESS"]
    assert events.log == ["Asking the tills for their receipts of 2024"]
    [export] = journal.named("reports.export")
    assert export.fate == "SUCCESS"
    assert [step.state for step in events.steps] == ["done"] * 5
    percents = [report.percent or 0 for report in events.progress]
    assert percents == sorted(percents)
    head, *months, first, _, _, _, _ = [line for line in (events.output or "").splitlines() if line]
    assert [line.split()[0] for line in months] == list(MONTHS)
    assert head.split() == ["Month", "Receipts", "Revenue", "Average"]
    assert first.endswith("× by chance")
    stored = tmp_path / events.result["report_url"].lstrip("/")
    assert "The year 2024" in PdfReader(stored).pages[0].extract_text()
    assert list((tmp_path / "uploads/exports").iterdir()) == [], "what was read is not kept"


@pytest.mark.parametrize(
    ("retries", "redelivered", "asks"), [(0, False, True), (1, False, False), (1, True, True)]
)
def test_an_export_that_is_missing(
    app: Celery, monkeypatch: pytest.MonkeyPatch, retries: int, redelivered: bool, asks: bool
) -> None:
    """It is under way after the first attempt, unless a worker died which had it: then all begins anew."""
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(app.tasks["reports.export"], "delay", lambda *args: asked.append(args))
    task: Any = app.tasks["reports.year"]
    task.push_request(id="one", retries=retries, delivery_info={"redelivered": redelivered})
    with pytest.raises(ExportPendingError):
        task.run(2024)
    assert asked == [("one", 2024)] * asks


def test_a_text_word_by_word(app: Celery) -> None:
    events = recorded(app.tasks["texts.write"], words=300)
    words: list[str] = []
    TextService(ROOT / "docs").write(300, events.task_id, words.append, lambda *_: None)
    assert events.output == "".join(words)
    assert events.result["words"] == 300


def test_a_mail_server_that_is_away(app: Celery) -> None:
    """The first attempt and five more; then nobody is told why."""
    message = {"to": "zoe@example.com", "subject": "Hello", "body": "How are you?\n", "key": "away"}
    events = recorded(app.tasks["emails.send"], **message)
    assert events.states == ["PENDING", *["STARTED", "RETRY"] * 5, "STARTED", "FAILURE"]
    assert events.end.attempt == 6
    with pytest.raises(TaskFailed, match="The task failed"):
        _ = events.result
