"""What is in the package, and what a type checker says of an application that uses it."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.docs.samples import samples

if TYPE_CHECKING:
    from pathlib import Path

    from .installing import Environment

pytestmark = pytest.mark.timeout(900)


def test_the_wheel_has_all_that_a_team_needs_and_nothing_of_the_sample(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"taskbeam/py.typed", "taskbeam/gateway/gateway.py", "taskbeam/journal/append/append.lua"} <= names
    assert {f"taskbeam/gateway/static/{path}/index.js" for path in ("client", "element")} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"taskbeam"}
    assert not [name for name in names if "/static/page/" in name or name.endswith(".test.js")]


def test_the_team_tests_what_its_tasks_tell(environment: Environment, tmp_path: Path) -> None:
    """With the samples of docs/testing.md; pytest finds the plugin by itself."""
    for sample in samples("testing.md"):
        if sample.name is not None:
            (tmp_path / sample.name).write_text(sample.text)
    done = environment.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "3 passed" in done.stdout
    assert "taskbeam_journal" in environment.run("python", "-m", "pytest", "--fixtures", cwd=tmp_path).stdout


def test_the_shop_is_sound_to_a_strict_type_checker(environment: Environment) -> None:
    environment.run(
        "python", "-m", "mypy", "--strict", "included.py", "mounted.py", "nested.py", "wrapped.py", "shop.py"
    )
