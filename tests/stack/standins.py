"""Small services in place of the worker and the gateway, and a launcher that runs them.

    python -m tests.stack.standins launch [--grace SECONDS] [--stubborn] [--unready]
    python -m tests.stack.standins worker [--stubborn]
    python -m tests.stack.standins gateway [--unready]

Each service tells its process id and ends on SIGTERM with the line "ended". The worker has a child of its
own, as a prefork pool has, leaves on SIGUSR1 with exit code 3, and does not obey SIGTERM when it is stubborn.
The gateway answers /readyz with 200, or with 503 when it is to be unready.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import redis

from stack.console import Console
from stack.launcher import launch
from stack.readiness import LineWritten, UrlAnswers
from stack.services import Service, environment
from stack.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

IDLE = (sys.executable, "-c", "import signal; signal.pause()")


def standin(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-m", "tests.stack.standins", *arguments)


def run_launcher(grace: float, options: Sequence[str]) -> int:
    def plan(settings: Settings, redis_url: str, _mail_port: int) -> list[Service]:
        env = environment(settings, redis_url)
        ready = UrlAnswers(f"{settings.address}/readyz")
        return [
            Service("worker", standin("worker", *options), env, LineWritten(" ready.")),
            Service("gateway", standin("gateway", *options), env, ready),
        ]

    return launch(Settings(), Console(sys.stdout, sys.stderr), plan, grace)


def run_worker(stubborn: bool) -> None:
    signal.signal(signal.SIGTERM, refuse if stubborn else end)
    signal.signal(signal.SIGUSR1, fail)
    redis.Redis.from_url(os.environ["TASKBEAM_BROKER_URL"]).set("seen", "yes")
    subprocess.Popen(IDLE)
    print("pid", os.getpid())
    print("results at", os.environ["TASKBEAM_RESULT_BACKEND"])
    print("worker@standin ready.")
    while True:
        signal.pause()


def run_gateway(unready: bool) -> None:
    class Readyz(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if unready else 200)
            self.end_headers()

    signal.signal(signal.SIGTERM, end)
    print("pid", os.getpid())
    HTTPServer((os.environ["TASKBEAM_HOST"], int(os.environ["TASKBEAM_PORT"])), Readyz).serve_forever()


def end(_number: int, _frame: FrameType | None) -> None:
    print("ended")
    sys.exit(0)


def refuse(_number: int, _frame: FrameType | None) -> None:
    print("not yet")


def fail(_number: int, _frame: FrameType | None) -> None:
    sys.exit(3)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["launch", "worker", "gateway"])
    parser.add_argument("--grace", type=float, default=600.0)
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--unready", action="store_true")
    arguments = parser.parse_args()
    if arguments.role == "launch":
        options = [option for option in ("--stubborn", "--unready") if option in sys.argv]
        return run_launcher(arguments.grace, options)
    if arguments.role == "worker":
        run_worker(arguments.stubborn)
    else:
        run_gateway(arguments.unready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
