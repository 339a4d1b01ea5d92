"""From the bytes of an upload to a picture: upright, in the web's colours, without anything else."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

from .errors import NotAnImageError, TooManyPixelsError
from .sizes import Size

# What cameras, telephones and browsers make. Pillow reads more, and each decoder is one more to attack.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

#: 50 megapixels take 200 MB of memory.
MOST_PIXELS = 50_000_000

# What Pillow's decoders raise of broken bytes; the bytes are in memory, so no OSError is the disk's.
DAMAGED = (OSError, SyntaxError, ValueError, IndexError, OverflowError, struct.error)

EXIF_ORIENTATION = 0x0112
SIDEWAYS = range(5, 9)


class Picture:
    """An upload that says it is a picture; whether it is, `upright` finds out."""

    def __init__(self, content: bytes) -> None:
        """Read the header only. Raises NotAnImageError and TooManyPixelsError."""
        with _refusing():
            self._image = Image.open(BytesIO(content), formats=FORMATS)
            self.format = str(self._image.format)
            edges = self._image.size
            if edges[0] * edges[1] > MOST_PIXELS:
                raise TooManyPixelsError
            sideways = self._image.getexif().get(EXIF_ORIENTATION) in SIDEWAYS
        self.size = Size(*(reversed(edges) if sideways else edges))

    def upright(self) -> Image.Image:
        """Decode it (of an animation the first picture), as RGB or RGBA in sRGB.

        Raises NotAnImageError for damaged bytes.
        """
        with _refusing():
            image = ImageOps.exif_transpose(self._image)
            return _in_srgb(image)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixelsError from error
    except DAMAGED as error:
        raise NotAnImageError from error


def _in_srgb(image: Image.Image) -> Image.Image:
    """Its profile goes with all other metadata, so its colours are made the web's own."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * (1 / 256)).convert("L")  # 16 bits; convert alone would clip
    if image.mode == "P":
        image = image.convert(mode)
    if profile:
        try:
            theirs = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, theirs, ImageCms.createProfile("sRGB"), outputMode=mode
            )
        except (ImageCms.PyCMSError, *DAMAGED):
            pass  # a profile that is none, or for another kind of picture: browsers ignore it, too
        else:
            if converted is not None:
                return converted
    return image.convert(mode)
