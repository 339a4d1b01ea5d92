"""What is known of background work. Times are any clock's."""

from __future__ import annotations

from taskbeam.background.health import SETTLED, Failing, WorkHealth


def test_work_that_goes_on_is_well() -> None:
    health = WorkHealth("watchdog")
    health.begins(0.0)
    assert health.failing(0.0) is None


def test_work_that_failed_is_failing_until_it_has_gone_on_for_a_while() -> None:
    health = WorkHealth("watchdog")
    health.begins(0.0)
    health.failed(10.0)
    assert health.failing(11.0) == Failing("watchdog", 1.0, 1)
    health.begins(11.0)
    assert health.failing(11.0 + SETTLED - 0.1) is not None
    assert health.failing(11.0 + SETTLED) is None


def test_failures_add_up_while_it_does_not_settle() -> None:
    health = WorkHealth("watchdog")
    for second in range(3):
        health.begins(float(second))
        health.failed(float(second))
    assert health.failing(4.0) == Failing("watchdog", 4.0, 3)
    assert str(health.failing(4.0)) == "watchdog (failed 3 times in 4 s)"


def test_a_failure_after_it_has_settled_is_a_new_trouble() -> None:
    health = WorkHealth("watchdog")
    health.begins(0.0)
    health.failed(0.0)
    health.begins(1.0)
    assert health.failed(1.0 + SETTLED)
    assert health.failing(2.0 + SETTLED) == Failing("watchdog", 1.0, 1)
    assert health.restarts == 2
