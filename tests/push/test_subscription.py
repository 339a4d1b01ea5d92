"""What a browser gives is taken as it is, bounded, and checked."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from taskbeam.push.subscription import PushSubscription

from .browser import Browser


def test_what_a_browser_gives_is_taken() -> None:
    given = Browser().json
    taken = PushSubscription.model_validate(given | {"more": 1})
    assert taken.model_dump() == {"endpoint": given["endpoint"], "keys": given["keys"]}


def test_a_device_is_named_by_its_endpoint() -> None:
    one, again, other = Browser(), Browser(), Browser("https://push.example/send/2")
    names = [browser.subscription.device_of("ada") for browser in (one, again, other)]
    assert names[0] == names[1] != names[2]


def test_the_device_of_another_owner_is_another() -> None:
    subscription = Browser().subscription
    assert len({subscription.device_of(owner) for owner in ("ada", "bob", None)}) == 3


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": "BA" + "A" * 85},  # no point of the curve
        {"p256dh": "A" * 87},
        {"p256dh": "B" * 91},
        {"p256dh": ""},
        {"p256dh": "!" * 87},
        {"auth": "AAAA"},  # three bytes: a push service would take the message, and the browser drop it
        {"auth": "A" * 25},
        {"auth": ""},
        {"auth": None},
    ],
)
def test_keys_that_nobody_can_encrypt_for(keys: dict[str, Any]) -> None:
    given = Browser().json
    assert isinstance(given["keys"], dict)
    with pytest.raises(ValidationError):
        PushSubscription.model_validate(given | {"keys": given["keys"] | keys})


@pytest.mark.parametrize("given", [{}, {"endpoint": ""}, {"endpoint": "https://a.example/" + "a" * 2048}])
def test_endpoints_that_are_none(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PushSubscription.model_validate({"keys": Browser().json["keys"]} | given)
