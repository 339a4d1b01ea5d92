"""What is said of a release: its version in one place, its licence, its types."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import metadata

import taskbeam
from tests.support.gateway import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_that_of_the_installed_package() -> None:
    assert taskbeam.__version__ == metadata("taskbeam")["Version"]


def test_it_has_a_licence_and_brings_its_text() -> None:
    assert metadata("taskbeam")["License-Expression"] == "BSD-3-Clause"
    assert "BSD 3-Clause License" in (ROOT / "LICENSE").read_text()


def test_type_checkers_find_its_types() -> None:
    assert (ROOT / "taskbeam/py.typed").exists()
    assert "Typing :: Typed" in PROJECT["classifiers"]


def test_the_changelog_begins_with_it() -> None:
    releases = re.findall(r"^## \[?([\d.]+)\]?", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert releases[0] == taskbeam.__version__
