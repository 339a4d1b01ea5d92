"""Resizing a picture twice has the outcome of resizing it once."""

import os
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from worker.images.errors import NotAnImageError, UploadGoneError
from worker.images.files import PictureFiles
from worker.images.service import ImageService, Resized, StoredPicture
from worker.images.uploads import Uploads

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
    told: list[StoredPicture] = []
    resized = images.resize(upload, lambda *step: steps.append(step), told.append)
    assert told == resized.pictures
    return resized, steps


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each file: a file written again has others."""
    found = ((path.name, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found}


def test_each_size_is_a_step(images: ImageService, leave: Callable[[bytes], str], tmp_path: Path) -> None:
    resized, steps = resize(images, leave(encoded(gradient(600, 300))))
    assert steps == [
        (1, 7, "Read a JPEG of 600 × 300"),
        (2, 7, "Made 160 × 80 as WEBP"),
        (3, 7, "Made 160 × 80 as AVIF"),
        (4, 7, "Made 400 × 200 as WEBP"),
        (5, 7, "Made 400 × 200 as AVIF"),
        (6, 7, "Made 600 × 300 as WEBP"),
        (7, 7, "Made 600 × 300 as AVIF"),
    ]
    assert (resized.format, resized.original) == ("JPEG", (600, 300))
    for picture in resized.pictures:
        content = (tmp_path / "files/images" / picture.name).read_bytes()
        assert len(content) == picture.size_bytes
        with Image.open(BytesIO(content)) as image:
            assert (image.format, image.size) == (picture.encoding.format, picture.size)


def test_it_looks_the_same(images: ImageService, leave: Callable[[bytes], str], tmp_path: Path) -> None:
    resized, _ = resize(images, leave(encoded(gradient(1000, 500), "PNG")))
    original = gradient(160, 80)
    for picture in resized.pictures[:2]:
        with Image.open(tmp_path / "files/images" / picture.name) as image:
            difference = ImageChops.difference(image.convert("RGB"), original)
        assert sum(difference.convert("L").histogram()[24:]) == 0  # of 255


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
    assert b"planted" in (tmp_path / "uploads" / upload).read_bytes()
    for picture in resized.pictures:
        content = (tmp_path / "files/images" / picture.name).read_bytes()
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
    assert [message for *_, message in steps[1:]] == [
        "Found 160 × 107 as WEBP",
        "Found 160 × 107 as AVIF",
        "Found 300 × 200 as WEBP",
        "Found 300 × 200 as AVIF",
    ]


def test_a_retry_goes_on_where_the_disk_was_full(
    images: ImageService,
    leave: Callable[[bytes], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload, fsync = leave(encoded(gradient(300, 200))), os.fsync

    def full(descriptor: int) -> None:
        if "160x107-q82.webp" in files(tmp_path / "files"):
            raise OSError("No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            resize(images, upload)
    assert list(files(tmp_path / "files")) == ["160x107-q82.webp"]
    _, steps = resize(images, upload)
    assert [message.split()[0] for *_, message in steps[1:]] == ["Found", "Made", "Made", "Made"]


def test_two_workers_at_once_leave_one_of_each(
    images: ImageService, leave: Callable[[bytes], str], tmp_path: Path
) -> None:
    upload = leave(encoded(gradient(300, 200)))
    # Each waits before making the first until the other has read it, too.
    both_have_read = threading.Barrier(2, timeout=60)
    results: list[Resized] = []

    def work() -> None:
        def progress(current: int, _total: int, _message: str) -> None:
            if current == 1:
                both_have_read.wait()

        results.append(images.resize(upload, progress, lambda _: None))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(results) == 2
    assert results[0] == results[1]
    assert sorted(files(tmp_path / "files")) == [
        "160x107-q60.avif",
        "160x107-q82.webp",
        "300x200-q60.avif",
        "300x200-q82.webp",
    ]


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
