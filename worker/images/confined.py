"""Decoding in a process of its own, which may take so much memory and CPU time and no more.

A decoder is code in C on bytes of a stranger. Whatever they make of it, the worker lives on: the process has
limits, an environment without secrets, and ends with its one picture.

`python -m worker.images.confined BOUND MEMORY SECONDS` reads an upload from its standard input, and writes
a line of JSON and the pixels to its standard output.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass

from PIL import Image

from .decode import Picture
from .errors import NotAnImageError, TooLargeToDecodeError, TooManyPixelsError
from .sizes import BOUNDS, Size, within

#: Address space in bytes, of which Python and its libraries take about 60 MB. The largest pictures that
#: are taken need up to 500 MB (WebP; measured by `tests/worker/test_image_bombs.py`).
MEMORY = 640 * 1024 * 1024

#: Seconds of CPU time. The largest pictures take about 3.
SECONDS = 20

_ERRORS = {error.__name__: error for error in (NotAnImageError, TooLargeToDecodeError, TooManyPixelsError)}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture: its format, its own size, and its pixels, of which an edge has at most the largest bound."""

    format: str
    size: Size
    image: Image.Image


def decode(content: bytes, *, memory: int = MEMORY, seconds: int = SECONDS) -> Decoded:
    """Decode an upload, in a process with ``memory`` bytes of address space and ``seconds`` of CPU time.

    Raises NotAnImageError, TooManyPixelsError, and TooLargeToDecodeError for what takes more than that.
    """
    command = [sys.executable, "-m", __name__, str(max(BOUNDS)), str(memory), str(seconds)]
    ended = subprocess.run(command, input=content, env=_environment(), stdout=subprocess.PIPE, check=False)
    head, _, pixels = ended.stdout.partition(b"\n")
    if ended.returncode != 0 or not head:
        # By a signal: out of CPU time, or a decoder that crashed where it got no memory.
        raise TooLargeToDecodeError(f"the decoder ended with {ended.returncode}")
    said = json.loads(head)
    if "error" in said:
        raise _ERRORS[said["error"]]
    image = Image.frombytes(said["mode"], said["edges"], pixels)
    return Decoded(said["format"], Size(*said["size"]), image)


def _environment() -> dict[str, str]:
    """Enough to find Python's modules. One arena, since glibc reserves address space for each."""
    return {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path), "MALLOC_ARENA_MAX": "1"}


def _main(bound: int, memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    output = sys.stdout.buffer
    try:
        picture = Picture(sys.stdin.buffer.read())
        image = picture.upright(within(picture.size, bound))
        pixels = image.tobytes()
    except MemoryError:  # of what is done beside decoding
        output.write(json.dumps({"error": TooLargeToDecodeError.__name__}).encode() + b"\n")
    except tuple(_ERRORS.values()) as error:
        output.write(json.dumps({"error": type(error).__name__}).encode() + b"\n")
    else:
        said = {"format": picture.format, "size": picture.size, "mode": image.mode, "edges": image.size}
        output.write(json.dumps(said).encode() + b"\n")
        output.write(pixels)


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
