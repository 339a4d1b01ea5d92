"""The key set: what is taken, and what is refused with a clear word and without showing a key."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from app.settings import Settings
from taskbeam.gateway.auth.keys import KeyConfigurationError, development_keys, key_set, new_key, parse_keys
from tests.support.gateway import ROOT

HMAC = new_key("HS256", "a")
ED25519 = new_key("EdDSA", "b")
PUBLIC = {name: value for name, value in ED25519.items() if name != "d"}


def keys(*members: Any) -> str:
    return json.dumps({"keys": members})


class TestWhichSigns:
    def test_the_first_that_can(self) -> None:
        assert parse_keys(keys(PUBLIC, HMAC)).signing.kid == "a"

    def test_or_the_one_that_is_named(self) -> None:
        assert parse_keys(keys(HMAC, ED25519), "b").signing.kid == "b"

    @pytest.mark.parametrize("signing", ["b", "c"])
    def test_and_not_one_that_cannot(self, signing: str) -> None:
        with pytest.raises(KeyConfigurationError, match=f"no key with the kid '{signing}'"):
            parse_keys(keys(HMAC, PUBLIC), signing)

    def test_a_set_that_only_verifies_is_none(self) -> None:
        with pytest.raises(KeyConfigurationError, match="no key has a private part"):
            parse_keys(keys(PUBLIC))


def test_one_key_is_a_set() -> None:
    assert parse_keys(json.dumps(HMAC)).signing.kid == "a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "[]",
        "{}",
        "null",
        keys(),
        keys("secret"),
        keys({}),
        keys(HMAC | {"kid": ""}),
        keys(HMAC | {"kid": 7}),
        keys(HMAC | {"kid": "x" * 65}),
        keys(HMAC, HMAC),
        keys(HMAC | {"alg": "none"}),
        keys(HMAC | {"alg": "RS256"}),
        keys(HMAC | {"alg": "EdDSA"}),
        keys(ED25519 | {"alg": "HS256"}),
        keys(ED25519 | {"crv": "X25519"}),
        keys(ED25519 | {"x": "AAAA"}),
        keys(ED25519 | {"x": 7}),
        keys(ED25519 | {"d": new_key("EdDSA", "c")["d"]}),
        keys(HMAC | {"k": urlsafe_b64encode(b"short").decode()}),
        keys({"kid": "a", "alg": "HS256", "kty": "oct"}),
        "[" * 100_000,
    ],
    ids=itertools.count(),  # the keys are fresh ones, and a test's name is the same in each process
)
def test_what_is_no_key_set(text: str) -> None:
    with pytest.raises(KeyConfigurationError) as refused:
        parse_keys(text)
    for secret in (HMAC["k"], ED25519["d"]):
        assert secret not in str(refused.value)


class TestTheSettings:
    def test_production_needs_keys(self) -> None:
        with pytest.raises(
            KeyConfigurationError, match=r"TASKBEAM_TOKEN_KEYS .*taskbeam keys new.*TASKBEAM_AUTH=open"
        ):
            key_set(Settings())

    def test_development_does_not(self) -> None:
        assert key_set(Settings(auth="open")).for_development

    @pytest.mark.parametrize("kid", ["development", "renamed"])
    def test_production_refuses_the_development_key(self, kid: str) -> None:
        secret = development_keys().signing.private
        assert isinstance(secret, bytes)
        known = {"kty": "oct", "alg": "HS256", "k": urlsafe_b64encode(secret).decode(), "kid": kid}
        with pytest.raises(KeyConfigurationError, match="which everybody knows"):
            key_set(Settings.model_validate({"token_keys": keys(HMAC, known)}))

    def test_the_settings_show_no_key(self) -> None:
        settings = Settings.model_validate({"token_keys": keys(HMAC), "api_keys": ["an-api-key"]})
        assert HMAC["k"] not in repr(settings)
        assert "an-api-key" not in repr(settings)
        assert HMAC["k"] not in repr(key_set(settings).signing)


class TestTheCommands:
    def run(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("TASKBEAM_")}
        return subprocess.run(
            [sys.executable, "-m", *argv],
            env=env | environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @pytest.mark.parametrize("algorithm", ["EdDSA", "HS256"])
    def test_new_key_makes_a_set_that_signs(self, algorithm: str) -> None:
        made = self.run("taskbeam", "keys", "new", "--algorithm", algorithm, "--kid", "2026").stdout
        assert (parse_keys(made).signing.kid, parse_keys(made).signing.algorithm) == ("2026", algorithm)

    def test_the_gateway_says_what_it_needs_and_stops(self) -> None:
        refused = self.run("app")
        assert refused.returncode == 2
        assert "taskbeam keys new" in refused.stderr
        assert "Traceback" not in refused.stderr
