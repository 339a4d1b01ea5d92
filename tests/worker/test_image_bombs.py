"""Files of a few bytes that decoders make gigabytes of: each costs a bounded amount."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.support.gateway import ROOT
from worker.images.confined import MEMORY, decode
from worker.images.errors import TooLargeToDecodeError

from .pictures import encoded, gradient, left_in
from .test_image_decode import with_scans

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Resizes an upload as the task does, and says how it ended and how many bytes were resident at most.
RESIZE = """
import json, resource, sys
from pathlib import Path
from worker.images.files import PictureFiles
from worker.images.service import ImageService
from worker.images.uploads import Uploads

folder, upload = Path(sys.argv[1]), sys.argv[2]
images = ImageService(Uploads(folder / "uploads"), PictureFiles(folder / "files"))
try:
    images.resize(upload, lambda *_: None, lambda _: None)
    end = "SUCCESS"
except Exception as error:
    end = type(error).__name__
# Its own by /proc: what `getrusage` says of a process begins with that of whoever started it.
own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
print(json.dumps([end, max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024]))
"""


def png(width: int, height: int) -> bytes:
    """All of it transparent."""
    deflate, left = zlib.compressobj(9), height * (1 + 4 * width)
    piece = bytes(1 << 20)
    rows = b"".join(deflate.compress(piece) for _ in range(left // len(piece)))
    rows += deflate.compress(bytes(left % len(piece))) + deflate.flush()
    header = struct.pack("!IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )


def gif() -> bytes:
    """39 bytes: a screen of 65,535 × 760, and one frame of the same size that begins."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 65535, 760, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 760, 0) + b"\x02\x01\x44\x00;"


def black(edge: int, format: str, **options: object) -> bytes:  # noqa: A002
    return encoded(Image.new("RGB", (edge, edge)), format, **options)


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a PNG of one pixel by 50 million": (lambda: png(1, 49_999_999), "TooManyPixelsError"),
    "a WebP of 49 megapixels": (lambda: black(7000, "WEBP", quality=1, method=0), "TooManyPixelsError"),
    "an AVIF of 49 megapixels": (lambda: black(7000, "AVIF", quality=1, speed=10), "TooManyPixelsError"),
    "a GIF of 39 bytes": (gif, "TooManyPixelsError"),
    "a JPEG of 49 megapixels": (
        lambda: black(7000, "JPEG", quality=1, progressive=True, subsampling=0),
        "SUCCESS",
    ),
}

#: The largest that are taken, of each format.
LARGEST = {
    "PNG": lambda: png(5000, 5000),
    "WEBP": lambda: encoded(Image.new("RGBA", (5000, 5000)), "WEBP", quality=1, method=0),
    "AVIF": lambda: black(5000, "AVIF", quality=1, speed=10),
    "GIF": lambda: encoded(Image.new("P", (5000, 5000)), "GIF"),
}


def resized(content: bytes, folder: Path) -> tuple[str, int]:
    """How the task ends, and the most memory that it, or what it starts, has resident, in bytes."""
    upload = left_in(folder / "uploads")(content)
    command = [sys.executable, "-c", RESIZE, str(folder), upload]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=540).stdout
    end, most = json.loads(said)
    return end, most


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_no_more_memory_than_a_decoder_may(name: str, tmp_path: Path) -> None:
    make, expected = BOMBS[name]
    end, most = resized(make(), tmp_path)
    assert end == expected
    assert most < (MEMORY if end == "SUCCESS" else 64 * 1024 * 1024)


@pytest.mark.parametrize("format", LARGEST)
def test_the_largest_that_is_taken_fits(format: str, tmp_path: Path) -> None:  # noqa: A002
    end, most = resized(LARGEST[format](), tmp_path)
    assert end == "SUCCESS"
    assert most < MEMORY


@pytest.mark.parametrize("format", ["JPEG", "PNG", "AVIF", "GIF"])
def test_what_gets_no_more_memory_is_refused_in_words(format: str) -> None:  # noqa: A002
    content = encoded(gradient(3000, 3000), format)
    with pytest.raises(TooLargeToDecodeError):
        decode(content, memory=70 * 1024 * 1024)
    assert decode(content).size == (3000, 3000)


def test_what_gets_no_more_time_is_refused_in_words() -> None:
    """Each scan walks through the whole picture: 90 of them are taken, and cost more than a second."""
    photo = encoded(gradient(5000, 5000), progressive=True, quality=100)
    with pytest.raises(TooLargeToDecodeError):
        decode(with_scans(photo, 80), seconds=1)


def test_the_decoder_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.images.confined import _environment

    monkeypatch.setenv("TASKBEAM_DATABASE_URL", "postgresql://user:planted-secret@host/shop")
    assert "planted-secret" not in str(_environment())
