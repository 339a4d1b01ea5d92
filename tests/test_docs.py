"""The documents tell what the code has: each setting, each error code, each option."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.settings import Settings
from taskbeam.celery.options import Options
from taskbeam.gateway import problems
from taskbeam.gateway.problems import Problem
from taskbeam.gateway.settings import CelerySettings, GatewaySettings, ServerSettings
from taskbeam.journal import failures
from taskbeam.journal.failures import Failure

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

DOCS = Path(__file__).resolve().parents[1] / "docs"


def doc(name: str) -> str:
    return (DOCS / name).read_text()


#: Where each class is described. The sample service has fields of its own, and other defaults.
SETTINGS: dict[str, type[BaseSettings]] = {
    "### The gateway": GatewaySettings,
    "### The server": ServerSettings,
    "### Celery": CelerySettings,
    "### The sample service": Settings,
}


@pytest.mark.parametrize("heading", SETTINGS)
def test_each_setting_is_described_in_order(heading: str) -> None:
    inherited = {name for kind in SETTINGS[heading].__mro__[1:] for name in getattr(kind, "model_fields", {})}
    fields_of_its_own = [name for name in SETTINGS[heading].model_fields if name not in inherited]
    assert [name for name, _ in described(heading)] == fields_of_its_own


@pytest.mark.parametrize("heading", SETTINGS)
def test_each_default_is_the_one_described(heading: str) -> None:
    for name, said in described(heading):
        default = SETTINGS[heading].model_fields[name].default
        shown = {None: "–", False: "0", True: "1", (): "[]"}.get(
            default, f"{default:g}" if isinstance(default, float) else str(default)
        )
        assert said.split(" (")[0] == shown or (name == "signing_key" and default is None), name


def described(heading: str) -> list[tuple[str, str]]:
    """Name and default of the settings in the table below a heading."""
    table = doc("operating.md").split(f"{heading}\n")[1].split("\n#")[0]
    rows = [row.split("|")[1:3] for row in table.splitlines() if row.startswith("| `TASKBEAM_")]
    return [(name.split("`")[1].removeprefix("TASKBEAM_").lower(), default.strip()) for name, default in rows]


@pytest.mark.parametrize("name", [option.name for option in fields(Options)])
def test_each_option_of_the_backend_is_described(name: str) -> None:
    assert f"`{name}`" in doc("adopting.md")


def test_each_code_is_described() -> None:
    named = {value.code for value in vars(problems).values() if isinstance(value, Problem)}
    failed = {value.code for value in vars(failures).values() if isinstance(value, Failure)}
    known = {failure.code for failure in failures._KNOWN.values()}
    missing = {code for code in named | failed | known if f"`{code}`" not in doc("contract.md")}
    assert missing == set()
