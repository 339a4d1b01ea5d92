"""Tokens as an application would sign them, good ones and bad ones."""

from __future__ import annotations

import json
import os
import time
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt

from taskbeam.gateway.auth.keys import new_key, parse_keys
from taskbeam.push.vapid import new_vapid_key

if TYPE_CHECKING:
    from taskbeam.gateway.auth.jwk import Key

#: One key of each kind; the first signs.
HMAC = new_key("HS256", "hmac")
ED25519 = new_key("EdDSA", "edward")
KEYS = json.dumps({"keys": [HMAC, ED25519]})

API_KEY = "an-api-key-of-the-tests"

#: A gateway that asks for tokens.
TOKENS: dict[str, Any] = {"auth": "tokens", "token_keys": KEYS, "api_keys": json.dumps([API_KEY])}


#: A gateway that pushes.
PUSHING: dict[str, Any] = {"vapid_key": new_vapid_key(), "vapid_contact": "mailto:ops@example.org"}


def key(kid: str) -> Key:
    found = parse_keys(KEYS).find(kid)
    assert found is not None
    return found


def claims(**more: Any) -> dict[str, Any]:
    """Those that every token has, and more; None takes one away."""
    now = time.time()
    given = {
        "aud": "taskbeam",
        "iat": now,
        "exp": now + 300,
        "jti": uuid4().hex,
        "scope": "read cancel",
    } | more
    return {name: value for name, value in given.items() if value is not None}


def sign(kid: str = "hmac", **more: Any) -> str:
    """A token by one of the gateway's keys, good for some minutes from now."""
    if "exp" not in more and "PYTEST_VERSION" in os.environ and "PYTEST_CURRENT_TEST" not in os.environ:
        raise RuntimeError("A token that is signed while tests are collected has expired when they run")
    signing = key(kid)
    return jwt.encode(claims(**more), signing.private, signing.algorithm, {"kid": kid})


def operator(scope: str = "read cancel send") -> dict[str, str]:
    """What somebody sends who may see the dashboard."""
    return bearer(sign(tasks=["taskbeam.dashboard"], scope=scope))


def part(value: Any) -> str:
    """A part of a token, as it is written: of JSON, or of bytes as they are."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def bearer(token: str | None) -> dict[str, str]:
    """The header that brings it."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}
