"""`taskbeam keys`: what signs and verifies tokens, and the API keys."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from taskbeam.cli.api_keys import COMMANDS
from taskbeam.gateway.auth.keys import new_key
from taskbeam.push.vapid import new_vapid_key

if TYPE_CHECKING:
    from taskbeam.gateway.auth.jwk import Algorithm


@click.group()
def keys() -> None:
    """Make the keys that sign tokens, and the API keys of services that send tasks."""


@keys.command()
@click.option(
    "--algorithm", type=click.Choice(["EdDSA", "ES256", "RS256", "HS256"]), default="EdDSA", show_default=True
)
@click.option("--kid", help="The key's id.  [default: the date]")
def new(algorithm: Algorithm, kid: str | None) -> None:
    """Print a fresh key set for TASKBEAM_TOKEN_KEYS.

    Keep it secret: whoever has it can read every task. To replace a key, add the new one to the set, name it
    in TASKBEAM_SIGNING_KEY, and remove the old one when its last token has expired.
    """
    made = new_key(algorithm, kid or time.strftime("%Y-%m-%d", time.gmtime()))
    click.echo(json.dumps({"keys": [made]}))


@keys.command()
def vapid() -> None:
    """Print a fresh key for TASKBEAM_VAPID_KEY: by it push services know who sends.

    Keep it secret, and keep it: with another key, each browser has to subscribe anew. It does so when its
    user next asks to be told.
    """
    click.echo(new_vapid_key())


for command in COMMANDS:
    keys.add_command(command)
