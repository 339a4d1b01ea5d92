"""The message that says a report is ready."""

from dataclasses import replace

from worker.emails.report_ready import report_ready
from worker.reports.stored import Report

REPORT = Report(123, "0123456789ab", "report-123-0123456789ab.pdf", 71, 1_697_780, 2, 40_000)
LINK = "https://shop.example/files/reports/report-123-0123456789ab.pdf"


def test_it_has_the_link() -> None:
    email = report_ready(REPORT, "zoe@example.com", "https://shop.example/")
    assert email.to == "zoe@example.com"
    assert email.subject == "Your report is ready"
    assert email.body == f"Your order report is ready: 71 orders on 2 pages.\n\n{LINK}\n"


def test_its_key_is_the_report_and_the_address() -> None:
    def key(report: Report, to: str) -> str:
        return report_ready(report, to, "https://shop.example").key

    assert key(REPORT, "a@b") == "report-ready:123:0123456789ab:a@b"
    others = {key(REPORT, "c@d"), key(replace(REPORT, user_id=124), "a@b")}
    others.add(key(replace(REPORT, report_version="f" * 12), "a@b"))
    assert len(others - {key(REPORT, "a@b")}) == 3
