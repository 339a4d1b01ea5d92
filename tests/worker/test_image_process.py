"""A real worker for the queue of pictures, on a real Valkey."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.valkey import Valkey

from .pictures import encoded, gradient, left_in
from .running import follow, settings_for, worker


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def test_a_picture_is_resized_and_its_progress_told(valkey: Valkey, tmp_path: Path) -> None:
    settings = settings_for(valkey, tmp_path)
    leave = left_in(settings.uploads_dir)
    with worker(settings, queues="reports,emails,images") as app:
        *steps, end = follow(app, valkey, "images.resize", upload=leave(encoded(gradient(300, 200))))
        assert [step["status"] for step in steps] == ["STARTED", *["PROGRESS"] * 5]
        assert [step["result"]["current"] for step in steps[1:]] == [1, 2, 3, 4, 5]
        assert end["status"] == "SUCCESS"
        result = end["result"]
        assert (result["format"], result["width"], result["height"]) == ("JPEG", 300, 200)
        made = [(picture["width"], picture["height"], picture["type"]) for picture in result["pictures"]]
        assert made == [
            (160, 107, "image/webp"),
            (160, 107, "image/avif"),
            (300, 200, "image/webp"),
            (300, 200, "image/avif"),
        ]
        for picture in result["pictures"]:
            stored = tmp_path / picture["url"].lstrip("/")
            assert picture["bytes"] == stored.stat().st_size

        refused = list(follow(app, valkey, "images.resize", upload=leave(b"no picture")))
        assert [meta["status"] for meta in refused] == ["STARTED", "FAILURE"]
        assert refused[-1]["result"]["exc_type"] == "NotAnImageError"
