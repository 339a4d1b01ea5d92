"""From the bytes of an upload to a picture: upright, in the web's colours, without anything else.

What it may cost is decided by its header, before anything is decoded: the file's few bytes say nothing of it.
`confined.py` runs this in a process whose memory and CPU time are bounded, too.
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import AvifImagePlugin, Image, ImageCms

from .errors import NotAnImageError, TooLargeToDecodeError, TooManyPixelsError
from .sizes import Size

# What cameras, telephones and browsers make. Pillow reads more, and each decoder is one more to attack.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

#: Pixels of an edge.
LONGEST_EDGE = 16_384

#: A JPEG is decoded at a half, a quarter or an eighth of its size. All others are decoded in full, and WebP
#: keeps up to five copies of four bytes a pixel while it does so.
MOST_PIXELS = {"JPEG": 50_000_000}
MOST_PIXELS_OF_OTHERS = 25_000_000

#: Of an animation only the first frame is decoded; this many is what its header may announce.
MOST_FRAMES = 1_000

#: Scans of a progressive JPEG, each of which costs a walk through all of it. Encoders make about ten.
MOST_SCANS = 100
START_OF_SCAN = b"\xff\xda"  # never within compressed data, where a zero follows each 0xff

# What Pillow's decoders raise of broken bytes; the bytes are in memory, so no OSError is the disk's.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    OverflowError,
    RuntimeError,
    struct.error,
)

#: How to turn what was stored so that it stands upright, by EXIF's number of its orientation.
EXIF_ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = range(5, 9)

# A thread for each of a machine's cores would keep memory of its own.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Pillow refuses twice as many, and does so before it makes WebP's decoder, which takes its memory at once.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS_OF_OTHERS


class Picture:
    """An upload that says it is a picture; whether it is, `upright` finds out."""

    def __init__(self, content: bytes) -> None:
        """Read the header only. Raises NotAnImageError, TooManyPixelsError and TooLargeToDecodeError."""
        with _refusing():
            self._image = Image.open(BytesIO(content), formats=FORMATS)
            self.format = str(self._image.format)
            edges = self._image.size
            if max(edges) > LONGEST_EDGE or edges[0] * edges[1] > most_pixels(self.format):
                raise TooManyPixelsError
            if _frames(self._image) > MOST_FRAMES:
                raise TooLargeToDecodeError
            if self.format == "JPEG" and content.count(START_OF_SCAN) > MOST_SCANS:
                raise TooLargeToDecodeError
            self._orientation = self._image.getexif().get(EXIF_ORIENTATION)
        self.size = Size(*edges) if self._orientation not in SIDEWAYS else Size(*reversed(edges))

    def upright(self, size: Size | None = None) -> Image.Image:
        """Decode it (of an animation the first picture) in this size, as RGB or RGBA in sRGB.

        ``size`` is no larger than its own, which is what there is without it.
        Raises NotAnImageError for damaged bytes, and TooLargeToDecodeError where there is no memory.
        """
        with _refusing():
            stored = self._image
            edges = Size(*(size or self.size))
            if self._orientation in SIDEWAYS:
                edges = Size(*reversed(edges))
            stored.draft(None, edges)
            mode = "RGBA" if stored.has_transparency_data else "RGB"
            profile = stored.info.get("icc_profile")
            image = _blendable(stored, mode)
            if image.size != edges:
                image = image.resize(edges, Image.Resampling.LANCZOS, reducing_gap=3.0)
            if self._orientation in TURNS:
                image = image.transpose(TURNS[self._orientation])
            image = _in_srgb(image, mode, profile)
            image.info.clear()
            return image


def most_pixels(format: str) -> int:  # noqa: A002
    """How many pixels a picture of the format may have."""
    return MOST_PIXELS.get(format, MOST_PIXELS_OF_OTHERS)


def _frames(image: Image.Image) -> int:
    """As the header says. A GIF's does not, and Pillow would walk through all of it to count them."""
    return 1 if image.format == "GIF" else getattr(image, "n_frames", 1)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError from error
    except MemoryError as error:
        raise TooLargeToDecodeError from error
    except DAMAGED as error:
        if "memory" in str(error).lower():
            raise TooLargeToDecodeError from error
        raise NotAnImageError from error


def _blendable(image: Image.Image, mode: str) -> Image.Image:
    """As something whose neighbouring pixels can be mixed: no palette, no single bits, no 16 bits."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")  # convert alone would clip
    if image.mode in ("1", "P") or "transparency" in image.info:
        return image.convert(mode)
    image.load()
    return image


def _in_srgb(image: Image.Image, mode: str, profile: bytes | None) -> Image.Image:
    """Its profile goes with all other metadata, so its colours are made the web's own."""
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
