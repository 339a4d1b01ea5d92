"""Which Celery application a command is about."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click
from celery import Celery
from celery.app.utils import find_app

from taskbeam.gateway.connections.celery_application import celery_application
from taskbeam.gateway.settings import CelerySettings

if TYPE_CHECKING:
    from collections.abc import Callable

celery_option: Callable[..., Any] = click.option(
    "--celery",
    "celery_target",
    metavar="MODULE:NAME",
    help="Your Celery application, as for `celery -A`.  "
    "[default: one made from TASKBEAM_BROKER_URL and TASKBEAM_RESULT_BACKEND]",
)


def load(target: str) -> Any:
    """Import ``module:name``, also from the current folder; raises `click.BadParameter` with what is
    wrong.
    """
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise click.BadParameter(f"{target!r} is not of the form MODULE:NAME, such as shop.main:app.")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise click.BadParameter(
            f"There is no module {module_name!r} here or among what is installed."
        ) from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise click.BadParameter(f"The module {module_name!r} has no {name!r}.")
        found = getattr(found, part)
    return found


def _found_by_celery(target: str) -> object:
    try:
        return find_app(target)
    except (ModuleNotFoundError, AttributeError) as error:
        raise click.BadParameter(f"There is no Celery application {target!r}: {error}.") from None


def load_celery(target: str | None) -> Celery:
    """The application that the option names, or one made from the settings."""
    if target is None:
        return celery_application(CelerySettings())
    found = load(target) if ":" in target else _found_by_celery(target)
    if not isinstance(found, Celery):
        raise click.BadParameter(f"{target!r} is no Celery application.")
    return found
