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

#: What no schema says: that an address is public, that a line is printable. These may refuse what fits it.
PARTICULAR = {"POST /webhooks", "PUT /notifications/preferences"}

EVERY_SHAPE = settings(suppress_health_check=list(HealthCheck), deadline=None, derandomize=True)

#: How many requests each of them makes. Where one asks for a token, nobody gets no further than that.
EXAMPLES = {"nobody": 4, "an owner": 16, "whoever may read a task that is there": 8}


@pytest.fixture(scope="module")
def guarded(valkey: Valkey) -> Iterator[Gateway]:
    # Nothing happens here that a poll could wait for.
    with gateway(valkey.url().removesuffix("/0"), **TOKENS | OPTIONAL, max_wait=0.2) as running:
        yield running


@pytest.fixture(scope="module")
def finished(journals: Journals) -> str:
    """A task that has ended: its stream does, too."""
    task = journals.task()
    task.append({"url": "/files/nowhere"}, files=["nowhere"])
    task.finish()
    return task.id


#: What is served where these are set alone: the calls of API keys, webhooks and preferences.
OPTIONAL = {"key_management": True, "webhooks": []}
DOCUMENT = create_app(Settings.model_validate(TOKENS | OPTIONAL | {"api_keys": []})).openapi()
OPERATIONS = {
    operation.ok().label: operation.ok()  # type: ignore[union-attr]
    for operation in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
}


#: What a client's cursor may be called, as a parameter of the query or as a field of the header.
CURSORS = {"after", "lastEventId", "last-event-id", "Last-Event-ID"}

#: Requests that fit the document, and some that do not, where there is anything to be wrong.
CASES = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or list(operation.iter_parameters())
]


@pytest.mark.parametrize(("label", "mode"), CASES)
@pytest.mark.parametrize("who", EXAMPLES)
def test_the_answers_are_those_of_the_document(
    guarded: Gateway, finished: str, label: str, who: str, mode: GenerationMode
) -> None:
    checks = [each for each in CHECKS if each is not positive_data_acceptance or label not in PARTICULAR]
    token = sign(owner="user-7", tasks=[finished], scope="read cancel send")

    @settings(EVERY_SHAPE, max_examples=EXAMPLES[who])
    @given(OPERATIONS[label].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        # Of several cursors one counts, and the others may be anything.
        given_cursors = CURSORS & (case.query or {}).keys(), CURSORS & (case.headers or {}).keys()
        assume(sum(map(len, given_cursors)) <= 1)
        if who.startswith("whoever") and "task_id" in case.path_parameters:
            case.path_parameters["task_id"] = finished
        headers = {} if who == "nobody" else bearer(token)
        if label == "GET /feeds/{feed}/events":
            headers = {**headers, "Accept": "application/json"}  # its stream does not end
        case.call_and_validate(base_url=guarded.http, checks=checks, headers=headers, timeout=60)

    ask()
