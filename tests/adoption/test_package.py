"""What is in the package, and what a type checker says of an application that uses it."""

from __future__ import annotations

import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from .installing import installed

if TYPE_CHECKING:
    from pathlib import Path

    from .installing import Environment

pytestmark = pytest.mark.timeout(400)


def test_the_wheel_has_all_that_a_team_needs_and_nothing_of_the_sample(
    distributions: tuple[Path, Path],
) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        names = set(wheel.namelist())
    assert {"taskbeam/py.typed", "taskbeam/gateway/gateway.py", "taskbeam/journal/append.lua"} <= names
    assert {f"taskbeam/gateway/static/{path}/index.js" for path in ("client", "element")} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"taskbeam"}
    assert not [name for name in names if "/static/page/" in name or name.endswith(".test.js")]


def test_the_sdist_installs_without_the_tools_of_the_browsers_side(
    distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    with tarfile.open(distributions[1]) as sdist:
        assert [
            name for name in sdist.getnames() if name.endswith("/taskbeam/gateway/static/client/index.js")
        ]
    environment = installed(distributions[1], tmp_path, tools=())
    environment.run("python", "-c", "import taskbeam.gateway, taskbeam; taskbeam.__version__")


def test_the_shop_is_sound_to_a_strict_type_checker(environment: Environment) -> None:
    environment.run(
        "python", "-m", "mypy", "--strict", "included.py", "mounted.py", "nested.py", "wrapped.py", "shop.py"
    )
