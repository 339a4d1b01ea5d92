"""Any part of the benchmarks runs where none was run before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks

ROOT = Path(benchmarks.__file__).parents[1]
DOCUMENT = ROOT / benchmarks.DOCUMENT


def run(monkeypatch: pytest.MonkeyPatch, into: Path, *options: str) -> int:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--into", str(into), *options])
    return benchmarks.main()


def test_one_of_them_needs_no_figures_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into = tmp_path / "not/yet/there"
    assert run(monkeypatch, into, "--only", "update_cost") == 0
    assert [path.name for path in into.iterdir()] == ["update_cost.json"]


def test_what_cannot_be_published_is_not_even_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = DOCUMENT.read_bytes()
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, tmp_path, "--only", "update_cost", "--publish")
    told = capsys.readouterr().err
    assert "has no figures of canvas_cost, delivery_cost, idle_cost" in told
    assert "without --only" in told
    assert list(tmp_path.iterdir()) == []
    assert DOCUMENT.read_bytes() == before


def test_one_that_dies_leaves_the_document_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = DOCUMENT.read_bytes()
    monkeypatch.setattr(benchmarks, "_run", lambda *_, **__: False)
    assert run(monkeypatch, tmp_path, "--publish") == 1
    assert "Published nothing: there are no figures of update_cost" in capsys.readouterr().out
    assert DOCUMENT.read_bytes() == before
