"""Requests of every shape, made up from the OpenAPI document: no answer that it does not describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.main import create_app
from app.settings import Settings
from tests.support.gateway import Gateway, gateway
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Journals

CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    positive_data_acceptance,
    negative_data_rejection,
    ignored_auth,
    unsupported_method,
]

EXAMPLES = settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def guarded(valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), **TOKENS) as running:
        yield running


@pytest.fixture(scope="module")
def finished(journals: Journals) -> str:
    """A task that has ended: its stream does, too."""
    task = journals.task()
    task.append({"url": "/files/nowhere"})
    task.finish()
    return task.id


DOCUMENT = create_app(Settings.model_validate(TOKENS | {"api_keys": []})).openapi()
OPERATIONS = {
    operation.ok().label: operation.ok()  # type: ignore[union-attr]
    for operation in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
}


#: Requests that fit the document, and some that do not, where there is anything to be wrong.
CASES = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or list(operation.iter_parameters())
]


@pytest.mark.parametrize(("label", "mode"), CASES)
@pytest.mark.parametrize("who", ["nobody", "an owner", "whoever may read a task that is there"])
def test_the_answers_are_those_of_the_document(
    guarded: Gateway, finished: str, label: str, who: str, mode: GenerationMode
) -> None:
    token = sign(owner="user-7", tasks=[finished], scope="read cancel send")

    @EXAMPLES
    @given(OPERATIONS[label].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        # Of two cursors one counts, and the other may be anything.
        assume("after" not in (case.query or {}) or "last-event-id" not in (case.headers or {}))
        if who.startswith("whoever") and "task_id" in case.path_parameters:
            case.path_parameters["task_id"] = finished
        headers = {} if who == "nobody" else bearer(token)
        case.call_and_validate(base_url=guarded.http, checks=CHECKS, headers=headers, timeout=30)

    ask()
