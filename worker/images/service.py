"""Resizing a picture: one step to read it, and one for each size."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from .decode import Picture
from .files import QUALITY, PictureFiles, picture_name
from .sizes import Size, sizes_of
from .uploads import Uploads

# Told after each step how many of all steps are done, and what the step did.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A finished picture: its file name, its edges in pixels, and how many bytes it has."""

    name: str
    size: Size
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Resized:
    """All sizes of an upload, largest first."""

    format: str
    original: Size
    pictures: list[StoredPicture]


@dataclass(frozen=True, slots=True)
class ImageService:
    """Makes pictures of uploads."""

    uploads: Uploads
    files: PictureFiles

    def resize(self, upload: str, progress: Progress) -> Resized:
        """Return the upload in several sizes; only those are made that are not there yet.

        Running it twice, or in two workers at once, has the same outcome as running it once: a file is
        named by upload and size, and the same picture gives the same bytes.

        Raises UploadGoneError, NotAnImageError, TooManyPixelsError and OSError (disk).
        """
        picture = Picture(self.uploads.read(upload))
        sizes = sizes_of(picture.size)
        steps = len(sizes) + 1
        progress(1, steps, f"Read a {picture.format} of {_pixels(picture.size)}")
        names = {size: picture_name(upload, size) for size in sizes}
        source: Image.Image | None = None
        stored = []
        for step, (size, name) in enumerate(names.items(), start=2):
            size_bytes = self.files.bytes_of(name)
            found = size_bytes is not None
            if size_bytes is None:
                source = source or picture.upright()
                content = _webp(source, size)
                self.files.write(name, content)
                size_bytes = len(content)
            stored.append(StoredPicture(name, size, size_bytes))
            progress(step, steps, f"{'Found' if found else 'Made'} {_pixels(size)}")
        return Resized(picture.format, picture.size, stored)


def _webp(source: Image.Image, size: Size) -> bytes:
    """Encoded without metadata."""
    file = BytesIO()
    # Shrunk by whole numbers first, which is quick, then filtered: no difference is seen above 2.
    smaller = source.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    smaller.info.clear()  # some versions of Pillow write the profile that they find here
    smaller.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()


def _pixels(size: Size) -> str:
    return f"{size.width} × {size.height}"
