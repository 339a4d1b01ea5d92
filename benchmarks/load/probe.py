"""How long somebody else had to wait: a process of its own that asks a server the same thing all the time.

    python -m benchmarks.load.probe PORT PATH

It ends with its input and prints the longest time between a question and its answer, in seconds: what
anybody else had to wait while the server was busy, and no less than the longest time that its event loop was
not free.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between an answer and the next question.
INTERVAL = 0.002
#: Seconds; a server that does not answer for so long is not waited for any more.
PATIENCE = 60.0


@dataclass(slots=True)
class Watch:
    """What the probe found; only after it ended."""

    max_wait: float = 0.0


@contextmanager
def probing(port: int, path: str) -> Iterator[Watch]:
    """Keep asking a server on this machine meanwhile."""
    watch = Watch()
    command = (sys.executable, "-m", "benchmarks.load.probe", str(port), path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # it has had its first answer
            yield watch
            told, _ = process.communicate("", timeout=PATIENCE)
            watch.max_wait = float(told)
        finally:
            process.kill()


async def max_wait(port: int, path: str) -> float:
    """Ask until the input ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    question = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    longest, asked = 0.0, 0
    while not ended.done():
        began = time.perf_counter()
        writer.write(question)
        async with asyncio.timeout(PATIENCE):
            await reader.read(65536)
        longest = max(longest, time.perf_counter() - began) if asked else 0.0
        if not asked:
            print("ready", flush=True)
        asked += 1
        await asyncio.sleep(INTERVAL)
    writer.close()
    return longest


if __name__ == "__main__":
    print(asyncio.run(max_wait(int(sys.argv[1]), sys.argv[2])))
