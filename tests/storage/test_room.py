"""How many bytes there may be in a folder, in all and of each owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.storage.room import BLOCK, FRESH, NoRoomError, Room, owner_folder

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def path_for(owner: str | None) -> str:
    return f"kind/{owner_folder(owner)}/x" if owner is not None else "kind/x"


def put(folder: Path, owner: str | None, name: str, size: int) -> Path:
    path = folder / "kind" / ("" if owner is None else owner_folder(owner)) / "deeper" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


def has_room(room: Room, owner: str | None, size: int) -> bool:
    try:
        room.check(path_for(owner), size)
    except NoRoomError:
        return False
    return True


def test_what_is_there_counts_for_its_owner_and_for_all(tmp_path: Path) -> None:
    put(tmp_path, "ada", "a", 10_000)
    put(tmp_path, None, "b", 20_000)
    room = Room(tmp_path, most=50_000, most_of_owner=18_000)
    assert has_room(room, "ada", 8_000)
    assert not has_room(room, "ada", 8_001)
    assert has_room(room, "bob", 18_000)
    assert not has_room(room, "bob", 18_001)
    assert has_room(room, None, 20_000)
    assert not has_room(room, None, 20_001)


def test_what_was_stored_since_counts_too_and_small_files_as_blocks(tmp_path: Path) -> None:
    room = Room(tmp_path, most=10 * BLOCK, most_of_owner=3 * BLOCK)
    for _ in range(3):
        assert has_room(room, "ada", 1)
        room.add(path_for("ada"), 1)
    assert not has_room(room, "ada", 1)
    assert has_room(room, "名前", 1)


def test_what_others_stored_or_swept_is_seen_after_a_while(tmp_path: Path) -> None:
    clock = Clock()
    room = Room(tmp_path, most=100_000, most_of_owner=10_000, clock=clock)
    assert has_room(room, "ada", 10_000)
    path = put(tmp_path, "ada", "a", 10_000)
    clock.now += FRESH
    assert not has_room(room, "ada", 1)
    path.unlink()
    clock.now += FRESH
    assert has_room(room, "ada", 1)


def test_a_folder_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert has_room(Room(tmp_path / "none", most=BLOCK, most_of_owner=BLOCK), "ada", BLOCK)


@pytest.mark.parametrize("owner", ["ada", "", "../..", "a/b", "名前", "\ud800"])
def test_an_owners_folder_is_one_name_that_tells_nothing(owner: str) -> None:
    name = owner_folder(owner)
    assert len(name) == 32
    assert name.isalnum()
    assert name == owner_folder(owner)
