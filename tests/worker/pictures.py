"""Pictures to upload, and where a gateway would leave them."""

from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture in which left and right, and top and bottom, can be told apart."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    blank = Image.new("L", (width, height), 128)
    return Image.merge("RGB", (across, down, blank)).convert(mode)


def encoded(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:  # noqa: A002
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def left_in(folder: Path) -> Callable[[bytes], str]:
    """A function that leaves an upload as the gateway does, and returns its name."""

    def leave(content: bytes) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        name = sha256(content).hexdigest()
        (folder / name).write_bytes(content)
        return name

    return leave
