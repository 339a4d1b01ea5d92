"""A report's version follows what is printed."""

from dataclasses import replace
from datetime import date

from worker.reports.orders import OrderStatus
from worker.reports.version import report_version

from .histories import CUSTOMER, history, line, order

DAY = date(2025, 5, 1)
SAMPLE = history(order(1, DAY), order(2, DAY))


def test_the_same_data_has_the_same_version() -> None:
    assert report_version(SAMPLE) == report_version(history(order(1, DAY), order(2, DAY)))
    assert len(report_version(SAMPLE)) == 12


def test_any_change_of_the_data_changes_it() -> None:
    changed = [
        history(order(1, DAY), order(2, DAY), order(3, DAY)),
        history(order(1, DAY, status=OrderStatus.REFUNDED), order(2, DAY)),
        history(order(1, DAY, line(quantity=2)), order(2, DAY)),
        history(order(1, DAY), order(2, DAY), customer=replace(CUSTOMER, company="Corner Bakery")),
        history(),
    ]
    assert len({report_version(each) for each in [SAMPLE, *changed]}) == 1 + len(changed)
