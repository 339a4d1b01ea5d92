"""The documents tell what the code has: each setting, each error code, each option."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import Settings
from taskbeam.celery.options import Options
from taskbeam.gateway import problems
from taskbeam.gateway.problems import Problem
from taskbeam.journal import failures
from taskbeam.journal.failures import Failure

DOCS = Path(__file__).resolve().parents[1] / "docs"


def doc(name: str) -> str:
    return (DOCS / name).read_text()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_of_the_gateway_is_described(name: str) -> None:
    assert f"`TASKBEAM_{name.upper()}`" in doc("operating.md")


@pytest.mark.parametrize("name", [option.name for option in fields(Options)])
def test_each_option_of_the_backend_is_described(name: str) -> None:
    assert f"`{name}`" in doc("adopting.md")


def test_each_code_is_described() -> None:
    named = {value.code for value in vars(problems).values() if isinstance(value, Problem)}
    failed = {value.code for value in vars(failures).values() if isinstance(value, Failure)}
    known = {failure.code for failure in failures._KNOWN.values()}
    missing = {code for code in named | failed | known if f"`{code}`" not in doc("contract.md")}
    assert missing == set()
