"""Where finished pictures are kept, and under which address the gateway serves them."""

from dataclasses import dataclass
from pathlib import Path

from ..storing import store
from .encode import Encoding
from .sizes import Size

FOLDER = "images"


@dataclass(frozen=True, slots=True)
class PictureFiles:
    """The folder `images/` inside the served files."""

    files_dir: Path

    def bytes_of(self, name: str) -> int | None:
        """The size of a stored picture, or None."""
        try:
            return (self.files_dir / FOLDER / name).stat().st_size
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Store the file whole or not at all. Raises OSError."""
        store(self.files_dir / FOLDER / name, content)


def picture_name(upload: str, size: Size, encoding: Encoding) -> str:
    """The natural key as a file name: the same picture in the same size always lands in the same file."""
    return f"{upload}/{size.width}x{size.height}-q{encoding.quality}.{encoding.suffix}"


def picture_url(name: str) -> str:
    """Return the path under which the gateway serves the file."""
    return f"/files/{FOLDER}/{name}"
