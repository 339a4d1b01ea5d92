"""The official verifiers of Standard Webhooks, as the receiver of a message has them in its language."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.support.gateway import ROOT
from tests.support.waiting import DEADLINE

from .stage import headers

if TYPE_CHECKING:
    from collections.abc import Callable

#: Verifies what it reads, and prints the message, or why it is none.
_IN_NODE = """
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { text } from "node:stream/consumers";
const { secret, headers, body } = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(new Webhook(secret).verify(Buffer.from(body, "hex"), headers)));
} catch (error) {
  if (!(error instanceof WebhookVerificationError)) throw error;
  console.log(JSON.stringify(error.message));
}
"""


def by_python(secret: str, request: tuple[str, bytes]) -> Any:
    """The message that the Python package makes of a request; else, as a string, why it refuses it."""
    try:
        return Webhook(secret).verify(request[1], headers(request))
    except WebhookVerificationError as refusal:
        return str(refusal)


def by_javascript(secret: str, request: tuple[str, bytes]) -> Any:
    """The same, of the npm package."""
    node = Path(sys.executable).with_name("node")
    given = {"secret": secret, "headers": headers(request), "body": request[1].hex()}
    done = subprocess.run(
        [node, "--input-type=module", "-e", _IN_NODE],
        cwd=ROOT,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


#: By the language of the receiver.
VERIFIERS: dict[str, Callable[[str, tuple[str, bytes]], Any]] = {
    "Python": by_python,
    "JavaScript": by_javascript,
}
