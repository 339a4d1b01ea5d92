"""What is wrong with the configuration ends a command with a sentence instead of a traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError
from pydantic_settings import SettingsError

from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.gateway.auth.keys import KeyConfigurationError
from taskbeam.gateway.environment import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The exit code of a command whose configuration, or whose options, cannot be used.
MISCONFIGURED = 2


class ConfigurationError(click.ClickException):
    """What was configured cannot be used."""

    exit_code = MISCONFIGURED


@contextmanager
def configuration_errors() -> Iterator[None]:
    """Turn them into `ConfigurationError`. No value is shown: it may be a secret."""
    try:
        yield
    except (KeyConfigurationError, CeleryConfigurationError) as error:
        raise ConfigurationError(str(error)) from error
    except ValidationError as error:
        raise ConfigurationError("\n".join(_problems(error))) from None
    except SettingsError as error:
        raise ConfigurationError(f"A {PREFIX}… variable is not JSON: {error}.") from None


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        variable = name if name.isupper() else PREFIX + name.upper()
        yield f"{variable} cannot be used: {problem['msg']}."
