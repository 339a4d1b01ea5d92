"""When tests run side by side, those that share something stay together, and long groups begin first."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from tests.support.side_by_side import FOLDERS, MODULES, group, turn

TESTS = Path(__file__).parent


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_that_is_named_is_there(name: str) -> None:
    assert list((TESTS / name).glob("test_*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_each_module_that_is_named_is_there(name: str) -> None:
    assert (TESTS / f"{name}.py").exists()


def test_modules_of_such_a_folder_are_one_group_and_others_are_groups_of_their_own() -> None:
    paths = ["fates/test_ends.py", "fates/test_races.py", "gateway/test_hub.py", "test_docs.py"]
    assert [group(PurePath(path)) for path in paths] == ["fates", "fates", "gateway/test_hub", "test_docs"]


def test_what_takes_long_begins_first() -> None:
    names = ["gateway/test_hub", MODULES[0], FOLDERS[1], FOLDERS[0]]
    assert sorted(names, key=turn) == names[::-1]


def test_the_groups_are_those_of_the_run(request: pytest.FixtureRequest) -> None:
    """`--dist loadgroup` reads them from a mark; in one process they are put into this order, too."""
    [mark] = request.node.iter_markers("xdist_group")
    assert mark.args == ("test_side_by_side",)
    turns = [turn(group(item.path.relative_to(TESTS))) for item in request.session.items]
    assert turns == sorted(turns)
