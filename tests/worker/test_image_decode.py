"""Whatever is uploaded becomes an upright picture in the web's colours, or is refused."""

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from worker.images.decode import (
    LONGEST_EDGE,
    MOST_FRAMES,
    MOST_PIXELS_OF_OTHERS,
    MOST_SCANS,
    Picture,
    most_pixels,
)
from worker.images.errors import NotAnImageError, TooLargeToDecodeError, TooManyPixelsError
from worker.images.sizes import Size

from .pictures import encoded, gradient

PHOTO = encoded(gradient(64, 48))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_each_kind_that_is_taken(format: str) -> None:  # noqa: A002
    picture = Picture(encoded(gradient(64, 48), format))
    assert (picture.format, picture.size) == (format, (64, 48))
    assert picture.upright().mode == "RGB"


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "P", "CMYK"])
def test_each_way_to_keep_colours_becomes_rgb(mode: str) -> None:
    image = Image.new("I;16", (64, 48), 0x8000) if mode == "I;16" else gradient(64, 48, mode)
    content = encoded(image, "JPEG" if mode == "CMYK" else "PNG")
    assert Picture(content).upright().mode == "RGB"


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    grey = Picture(encoded(Image.new("I;16", (8, 8), 0x8000), "PNG")).upright().getpixel((4, 4))
    assert grey == (128, 128, 128)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_stays_so(mode: str) -> None:
    image = gradient(8, 8).convert(mode)
    image.putalpha(0)
    upright = Picture(encoded(image, "PNG")).upright()
    assert upright.mode == "RGBA"
    assert upright.getpixel((4, 4))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_that_was_turned(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Picture(encoded(gradient(64, 48), exif=exif))
    upright = picture.upright()
    assert picture.size == upright.size == ((64, 48) if orientation < 5 else (48, 64))
    assert upright.getexif().get(0x0112, 1) == 1


def test_colours_of_another_space_are_the_webs_own() -> None:
    # What this space calls red is the web's green, and the other way round.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in ((b"rXYZ", b"temp"), (b"gXYZ", b"rXYZ"), (b"temp", b"gXYZ")):
        profile = profile.replace(old, new)
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    found = Picture(encoded(red, "PNG", icc_profile=profile)).upright().getpixel((4, 4))
    assert found == (0, 255, 0)


@pytest.mark.parametrize("profile", [b"", b"no profile", b"\0" * 200])
def test_a_profile_that_is_none_is_ignored(profile: bytes) -> None:
    assert Picture(encoded(gradient(8, 8), "PNG", icc_profile=profile)).upright().size == (8, 8)


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n", PHOTO[:100]],
    ids=["nothing", "PDF", "SVG", "signature only", "header only"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAnImageError):
        Picture(content).upright()


def test_kinds_that_are_not_taken() -> None:
    for format in ("BMP", "TIFF", "ICO"):  # noqa: A001
        with pytest.raises(NotAnImageError):
            Picture(encoded(gradient(64, 48), format))


@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), st.data())
def test_damaged_bytes_are_refused_or_read(format: str, data: st.DataObject) -> None:  # noqa: A002
    content = bytearray(encoded(gradient(64, 48), format))
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(NotAnImageError, TooManyPixelsError, TooLargeToDecodeError):
        Picture(bytes(content[: data.draw(st.integers(0, len(content)))])).upright()


@pytest.mark.parametrize("edge", [5_001, 12_000, 60_000], ids=["ours", "Pillow's", "an edge"])
def test_a_bomb_is_refused_by_its_header(edge: int) -> None:
    assert edge**2 > MOST_PIXELS_OF_OTHERS
    with pytest.raises(TooManyPixelsError):
        Picture(bomb(edge, edge))


@pytest.mark.parametrize("edges", [(LONGEST_EDGE + 1, 1), (1, LONGEST_EDGE + 1)])
def test_an_edge_is_bounded_however_few_pixels_there_are(edges: tuple[int, int]) -> None:
    with pytest.raises(TooManyPixelsError):
        Picture(bomb(*edges))
    longest = Image.new("RGB", (LONGEST_EDGE, 1))
    assert Picture(encoded(longest, "PNG")).upright().size == (LONGEST_EDGE, 1)


def test_a_jpeg_may_have_more_pixels_for_it_is_decoded_smaller() -> None:
    assert most_pixels("JPEG") > most_pixels("PNG") == most_pixels("WEBP")
    picture = Picture(encoded(gradient(1600, 800)))
    assert picture.upright(Size(400, 200)).size == (400, 200)
    assert picture._image.size == (400, 200)  # which is what the decoder made


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_the_frames_that_a_header_announces_are_bounded(format: str) -> None:  # noqa: A002
    first, second = Image.new("RGB", (2, 2)), Image.new("RGB", (2, 2), (9, 9, 9))

    def animated(frames: int) -> bytes:
        return encoded(first, format, save_all=True, append_images=[second, first] * (frames // 2))

    assert Picture(animated(4)).upright().size == (2, 2)
    with pytest.raises(TooLargeToDecodeError):
        Picture(animated(MOST_FRAMES + 2))


def test_the_scans_of_a_jpeg_are_bounded() -> None:
    photo = encoded(gradient(64, 48), progressive=True)
    assert Picture(photo).upright().size == (64, 48)
    with pytest.raises(TooLargeToDecodeError):
        Picture(with_scans(photo, MOST_SCANS))


def with_scans(photo: bytes, more: int) -> bytes:
    """A progressive JPEG whose last scan is there so many times more."""
    last = photo.rindex(b"\xff\xda")
    return photo[:-2] + photo[last:-2] * more + photo[-2:]


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is as large as that."""
    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
