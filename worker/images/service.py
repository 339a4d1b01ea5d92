"""Resizing a picture: one step to read it, and one for each size and encoding."""

from collections.abc import Callable
from dataclasses import dataclass

from .confined import decode
from .encode import ENCODINGS, Encoding, encode
from .files import PictureFiles, picture_name
from .sizes import Size, sizes_of
from .uploads import Uploads

# Told after each step how many of all steps are done, and what the step did.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A finished picture: its file name, its edges in pixels, and how many bytes it has."""

    name: str
    encoding: Encoding
    size: Size
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Resized:
    """All that was made of an upload, smallest first."""

    format: str
    original: Size
    pictures: list[StoredPicture]


@dataclass(frozen=True, slots=True)
class ImageService:
    """Makes pictures of uploads."""

    uploads: Uploads
    files: PictureFiles

    def resize(self, upload: str, progress: Progress, stored: Callable[[StoredPicture], None]) -> Resized:
        """Return the upload in several sizes, each told to `stored` as soon as it is there.

        Only those are made that are not there yet. Running it twice, or in two workers at once, has the
        same outcome as running it once: a file is named by upload, size and encoding.

        Raises UploadGoneError, NotAnImageError, TooManyPixelsError, TooLargeToDecodeError and OSError (disk).
        """
        picture = decode(self.uploads.read(upload))
        wanted = [(size, encoding) for size in sizes_of(picture.size) for encoding in ENCODINGS]
        steps = len(wanted) + 1
        progress(1, steps, f"Read a {picture.format} of {_pixels(picture.size)}")
        pictures = []
        for step, (size, encoding) in enumerate(wanted, start=2):
            name = picture_name(upload, size, encoding)
            size_bytes, verb = self.files.bytes_of(name), "Found"
            if size_bytes is None:
                content = encode(picture.image, size, encoding)
                self.files.write(name, content)
                size_bytes, verb = len(content), "Made"
            pictures.append(StoredPicture(name, encoding, size, size_bytes))
            stored(pictures[-1])
            progress(step, steps, f"{verb} {_pixels(size)} as {encoding.format}")
        return Resized(picture.format, picture.size, pictures)


def _pixels(size: Size) -> str:
    return f"{size.width} × {size.height}"
