"""Resizing a picture twice has the outcome of resizing it once."""

import os
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from worker.images.errors import NotAnImageError, UploadGoneError
from worker.images.files import PictureFiles
from worker.images.service import ImageService, Resized
from worker.images.uploads import KEPT, Uploads

from .pictures import encoded, gradient, left_in

Step = tuple[int, int, str]


@pytest.fixture
def images(tmp_path: Path) -> ImageService:
    return ImageService(Uploads(tmp_path / "uploads"), PictureFiles(tmp_path / "files"))


@pytest.fixture
def leave(tmp_path: Path) -> Callable[[bytes], str]:
    return left_in(tmp_path / "uploads")


def resize(images: ImageService, upload: str) -> tuple[Resized, list[Step]]:
    steps: list[Step] = []
    return images.resize(upload, lambda *step: steps.append(step)), steps


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each file: a file written again has others."""
    found = ((path.name, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found}


def test_each_size_is_a_step(images: ImageService, leave: Callable[[bytes], str], tmp_path: Path) -> None:
    resized, steps = resize(images, leave(encoded(gradient(1000, 500))))
    assert steps == [
        (1, 5, "Read a JPEG of 1000 × 500"),
        (2, 5, "Made 1000 × 500"),
        (3, 5, "Made 800 × 400"),
        (4, 5, "Made 400 × 200"),
        (5, 5, "Made 160 × 80"),
    ]
    assert (resized.format, resized.original) == ("JPEG", (1000, 500))
    for picture in resized.pictures:
        content = (tmp_path / "files/images" / picture.name).read_bytes()
        assert len(content) == picture.size_bytes
        with Image.open(BytesIO(content)) as image:
            assert (image.format, image.size) == ("WEBP", picture.size)


def test_it_looks_the_same(images: ImageService, leave: Callable[[bytes], str], tmp_path: Path) -> None:
    resized, _ = resize(images, leave(encoded(gradient(1000, 500), "PNG")))
    with Image.open(tmp_path / "files/images" / resized.pictures[-1].name) as image:
        for place in ((2, 2), (157, 2), (2, 77), (157, 77)):
            there = gradient(160, 80).getpixel(place)
            found = image.convert("RGB").getpixel(place)
            assert isinstance(there, tuple)
            assert isinstance(found, tuple)
            assert max(abs(a - b) for a, b in zip(there, found, strict=True)) < 12


def test_nothing_that_a_camera_wrote_is_published(
    images: ImageService, leave: Callable[[bytes], str], tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "planted-maker"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    planted: dict[str, Any] = {name: f"planted-{name}".encode() for name in ("comment", "xmp", "icc_profile")}
    upload = leave(encoded(gradient(64, 48), exif=exif, **planted))
    resized, _ = resize(images, upload)
    content = (tmp_path / "files/images" / resized.pictures[0].name).read_bytes()
    assert b"planted" in (tmp_path / "uploads" / upload).read_bytes()
    assert b"planted" not in content
    with Image.open(BytesIO(content)) as found:
        assert not found.getexif()
        assert "icc_profile" not in found.info


def test_the_second_time_nothing_is_made(
    images: ImageService, leave: Callable[[bytes], str], tmp_path: Path
) -> None:
    upload = leave(encoded(gradient(300, 200)))
    first, _ = resize(images, upload)
    before = files(tmp_path / "files")
    second, steps = resize(images, upload)
    assert second == first
    assert files(tmp_path / "files") == before
    assert [message for *_, message in steps[1:]] == ["Found 300 × 200", "Found 160 × 107"]


def test_a_retry_goes_on_where_the_disk_was_full(
    images: ImageService,
    leave: Callable[[bytes], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload, fsync = leave(encoded(gradient(300, 200))), os.fsync

    def full(descriptor: int) -> None:
        if files(tmp_path / "files").keys() & {"300x200-q82.webp"}:
            raise OSError("No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            resize(images, upload)
    assert list(files(tmp_path / "files")) == ["300x200-q82.webp"]
    _, steps = resize(images, upload)
    assert [message for *_, message in steps[1:]] == ["Found 300 × 200", "Made 160 × 107"]


def test_two_workers_at_once_leave_one_of_each(
    images: ImageService, leave: Callable[[bytes], str], tmp_path: Path
) -> None:
    upload = leave(encoded(gradient(300, 200)))
    # Each waits before making the first until the other has read it, too.
    both_have_read = threading.Barrier(2, timeout=30)
    results: list[Resized] = []

    def work() -> None:
        def progress(current: int, _total: int, _message: str) -> None:
            if current == 1:
                both_have_read.wait()

        results.append(images.resize(upload, progress))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(results) == 2
    assert results[0] == results[1]
    assert sorted(files(tmp_path / "files")) == ["160x107-q82.webp", "300x200-q82.webp"]


def test_what_is_no_picture_leaves_nothing(
    images: ImageService, leave: Callable[[bytes], str], tmp_path: Path
) -> None:
    with pytest.raises(NotAnImageError):
        resize(images, leave(b"%PDF-1.7"))
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize("name", ["0" * 64, "", "../uploads/" + "0" * 64, "/etc/hostname", "0" * 64 + "\n"])
def test_only_an_upload_is_read(images: ImageService, name: str) -> None:
    with pytest.raises(UploadGoneError):
        resize(images, name)


def test_uploads_are_swept_when_their_time_is_over(
    images: ImageService, leave: Callable[[bytes], str], tmp_path: Path
) -> None:
    images.uploads.sweep()  # there is no folder yet
    old, young = leave(b"old"), leave(b"young")
    os.utime(tmp_path / "uploads" / old, (time.time() - KEPT - 1,) * 2)
    images.uploads.sweep()
    assert list(files(tmp_path / "uploads")) == [young]
