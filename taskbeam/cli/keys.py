"""`taskbeam keys`: what signs and verifies tokens."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from taskbeam.gateway.auth.keys import new_key

if TYPE_CHECKING:
    from taskbeam.gateway.auth.keys import Algorithm


@click.group()
def keys() -> None:
    """Make the keys that sign and verify tokens."""


@keys.command()
@click.option("--algorithm", type=click.Choice(["EdDSA", "HS256"]), default="EdDSA", show_default=True)
@click.option("--kid", help="The key's id.  [default: the date]")
def new(algorithm: Algorithm, kid: str | None) -> None:
    """Print a fresh key set for TASKBEAM_TOKEN_KEYS.

    Keep it secret: whoever has it can read every task. To replace a key, add the new one to the set, name it
    in TASKBEAM_SIGNING_KEY, and remove the old one when its last token has expired.
    """
    made = new_key(algorithm, kid or time.strftime("%Y-%m-%d", time.gmtime()))
    click.echo(json.dumps({"keys": [made]}))
