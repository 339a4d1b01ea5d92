"""What a year's report is made from, and what it finds there."""

from __future__ import annotations

import zlib
from itertools import chain
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import pytest

from worker.reports.catalogue import PRODUCTS
from worker.year.confidence import average_of
from worker.year.export import ExportPendingError, Exports
from worker.year.receipts import COMPANIONS, receipts_of
from worker.year.sums import PRICES, Together, amounts_of

if TYPE_CHECKING:
    from pathlib import Path


def nothing(*_: object) -> None:
    pass


class TestReceipts:
    def test_are_the_same_on_every_machine(self) -> None:
        assert list(receipts_of(2025, 2, 4)) == ["7;12;11", "12;10;23 9", "16;3;14", "20;5;16 14 6"]

    def test_are_of_days_that_there_are_in_their_order(self) -> None:
        days = [int(line.split(";")[0]) for line in receipts_of(2024, 2, 500)]
        assert days == sorted(days)
        assert {1, 29} <= set(days) <= set(range(1, 30))


class TestAnExport:
    def test_is_pending_until_it_is_whole(self, tmp_path: Path) -> None:
        exports = Exports(tmp_path)
        with pytest.raises(ExportPendingError):
            exports.find("a report")
        told: list[str] = []

        def progress(_done: float, _all: float, message: str) -> None:
            told.append(message)
            with pytest.raises(ExportPendingError):
                exports.find("a report")

        exports.write("a report", 2025, 10, progress)
        months = dict(exports.find("a report").months())
        assert months[7] == list(receipts_of(2025, 7, 10))
        assert [*months] == [*range(1, 13)] == [int(each[-2:]) for each in told]

    def test_is_told_by_its_content(self, tmp_path: Path) -> None:
        exports = Exports(tmp_path)
        for report, year in (("one", 2025), ("again", 2025), ("another", 2024)):
            exports.write(report, year, 10, nothing)
        one, again, another = (
            exports.find(each).fingerprint(nothing) for each in ("one", "again", "another")
        )
        assert one == again != another

    def test_that_is_damaged_is_not_read(self, tmp_path: Path) -> None:
        exports = Exports(tmp_path)
        exports.write("a report", 2025, 10, nothing)
        export = exports.find("a report")
        content = bytearray(export.path.read_bytes())
        content[60] ^= 0xFF
        export.path.write_bytes(content)
        with pytest.raises((BadZipFile, zlib.error)):
            export.fingerprint(nothing)

    def test_has_a_name_of_ours_whatever_the_report_is_called(self, tmp_path: Path) -> None:
        Exports(tmp_path / "uploads").write("../../elsewhere", 2025, 10, nothing)
        [path] = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert path.parent == tmp_path / "uploads/exports"


class TestSums:
    def test_an_amount_is_that_of_all_products(self) -> None:
        assert amounts_of(["1;3;0 0 5", "2;1;7"], nothing) == [2 * PRICES[0] + PRICES[5], PRICES[7]]

    def test_what_is_bought_together_is_found(self) -> None:
        together = Together()
        together.add(
            list(chain.from_iterable(receipts_of(2025, month, 2_000) for month in (1, 2, 3))), nothing
        )
        planted = {
            frozenset((one.name, PRODUCTS[COMPANIONS[number]].name)) for number, one in enumerate(PRODUCTS)
        }
        assert {frozenset((pair.first, pair.second)) for pair in together.most(5)} <= planted

    def test_by_chance_means_once_as_often(self) -> None:
        together = Together()
        together.add(["1;1;0 1", "1;1;0", "1;1;1", "1;1;2"], nothing)
        [pair] = together.most(5)
        assert (pair.receipts, pair.lift) == (1, 1.0)

    def test_how_far_it_is_is_told_now_and_then(self) -> None:
        told: list[float] = []
        amounts_of(["1;1;0"] * 5_000, told.append)
        Together().add(["1;1;0"] * 5_000, told.append)
        assert told == [0.4, 0.8] * 2


class TestAnAverage:
    def test_is_between_its_bounds_which_more_values_narrow(self) -> None:
        few, many = ([value % 100 for value in range(count)] for count in (100, 10_000))
        one, other = average_of(few, "seed", nothing), average_of(many, "seed", nothing)
        assert one.low < one.middle == other.middle < one.high
        assert other.high - other.low < (one.high - one.low) / 5
        assert average_of(few, "seed", nothing) == one

    def test_of_nothing_is_none(self) -> None:
        with pytest.raises(ValueError, match="no values"):
            average_of([], "seed", nothing)
