"""Making a report twice has the outcome of making it once."""

import threading

import pytest
from sqlalchemy import func, select

from worker.database import Database
from worker.reports.orders import OrderStatus, UnknownUserError
from worker.reports.service import ReportService
from worker.reports.stored import Report
from worker.reports.tables import OrderRow, ReportRow

Step = tuple[int, int, str]


def generate(service: ReportService, user_id: int = 123) -> tuple[Report, list[Step]]:
    steps: list[Step] = []
    report = service.generate(user_id, lambda *step: steps.append(step))
    return report, steps


def stored_reports(database: Database) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(ReportRow)) or 0


def files(service: ReportService) -> dict[str, tuple[int, int]]:
    """Inode and time of each file: a file written again has others."""
    found = ((path.name, path.stat()) for path in service.files.folder.iterdir())
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found}


def test_a_report_is_made_in_five_steps(service: ReportService) -> None:
    report, steps = generate(service)
    assert steps == [
        (1, 5, "Loaded 71 orders"),
        (2, 5, "Added up 24 months"),
        (3, 5, "Drew the charts"),
        (4, 5, "Printed 2 pages"),
        (5, 5, "Stored the report"),
    ]
    content = (service.files.folder / report.file_name).read_bytes()
    assert content.startswith(b"%PDF-")
    assert report.size_bytes == len(content)
    assert (report.user_id, report.orders, report.pages, report.revenue_cents) == (123, 71, 2, 1_697_780)


def test_the_second_time_it_is_handed_out(service: ReportService) -> None:
    first, _ = generate(service)
    before = files(service)
    second, steps = generate(service)
    assert second == first
    assert files(service) == before
    assert stored_reports(service.database) == 1
    assert steps[-1] == (5, 5, "Found the finished report of the same data")


def test_a_lost_file_is_made_again(service: ReportService) -> None:
    first, _ = generate(service)
    path = service.files.folder / first.file_name
    content = path.read_bytes()
    path.unlink()
    again, steps = generate(service)
    assert again == first
    assert len(steps) == 5
    assert path.read_bytes() == content
    assert stored_reports(service.database) == 1


def test_changed_orders_make_another_report(service: ReportService) -> None:
    first, _ = generate(service)
    with service.database.session() as session:
        order = session.scalars(select(OrderRow).where(OrderRow.user_id == 123)).first()
        assert order is not None
        order.status = OrderStatus.REFUNDED
        session.commit()
    second, _ = generate(service)
    assert second.report_version != first.report_version
    assert second.revenue_cents < first.revenue_cents
    assert stored_reports(service.database) == len(files(service)) == 2


def test_two_workers_at_once_leave_one_report(service: ReportService) -> None:
    # Each waits before storing until the other has found no report, too.
    both_have_looked = threading.Barrier(2, timeout=60)
    reports: list[Report] = []

    def work() -> None:
        def progress(current: int, _total: int, _message: str) -> None:
            if current == 1:
                both_have_looked.wait()

        reports.append(service.generate(123, progress))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(reports) == 2
    assert reports[0] == reports[1]
    assert stored_reports(service.database) == len(files(service)) == 1


def test_a_user_without_orders_gets_a_report_too(service: ReportService) -> None:
    report, _ = generate(service, 50)
    assert (report.orders, report.pages) == (0, 1)


@pytest.mark.parametrize("user_id", [0, -1, 251, 2**40, 2**80])
def test_an_unknown_user_has_no_report(service: ReportService, user_id: int) -> None:
    with pytest.raises(UnknownUserError, match=f"There is no user {user_id}"):
        generate(service, user_id)
    assert not service.files.folder.exists()


def test_what_another_owner_made_is_made_again(service: ReportService) -> None:
    """So neither the steps nor the time of a job tell which reports others have."""
    told: list[str] = []

    def generate_for(owner: str) -> str:
        return service.generate(123, lambda *step: told.append(step[2]), owner).file_name

    made = [generate_for(owner) for owner in ("ada", "bob", "", "ada")]
    assert told.count("Stored the report") == 3
    assert told[-1] == "Found the finished report of the same data"
    assert len(set(made)) == 3
    assert made[0] == made[-1]
    assert "ada" not in made[0]
    assert len({(service.files.folder / name).read_bytes() for name in made}) == 1
