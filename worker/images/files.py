"""Where finished pictures are kept, and under which address the gateway serves them."""

from taskbeam import Stored, stored

from ..storing import StoredFiles
from .encode import Encoding
from .sizes import Size

FOLDER = "images"


class PictureFiles(StoredFiles):
    """The folder `images/` inside the served files."""

    __slots__ = ()

    def bytes_of(self, name: str) -> int | None:
        """The size of a stored picture, or None."""
        stat = self.keep(f"{FOLDER}/{name}")
        return stat.st_size if stat else None

    def write(self, name: str, content: bytes) -> None:
        """Store the file whole or not at all. Raises OSError."""
        self.store(f"{FOLDER}/{name}", content)


def picture_name(upload: str, size: Size, encoding: Encoding) -> str:
    """The natural key as a file name: the same picture in the same size always lands in the same file."""
    return f"{upload}/{size.width}x{size.height}-q{encoding.quality}.{encoding.suffix}"


def picture_file(name: str) -> Stored:
    """Name the file, in what a client gets."""
    return stored(f"{FOLDER}/{name}")
