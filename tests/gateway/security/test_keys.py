"""The key set: what is taken, and what is refused with a clear word and without showing a key."""

from __future__ import annotations

import itertools
import json
import sys
from base64 import urlsafe_b64encode
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.settings import Settings
from taskbeam.gateway.auth.jwk import LOW_ORDER
from taskbeam.gateway.auth.keys import KeyConfigurationError, development_keys, key_set, new_key, parse_keys
from taskbeam.gateway.auth.shared_api_keys import SharedApiKeys
from tests.cli.running import clean
from tests.support.gateway import ROOT
from tests.support.waiting import START_TIMEOUT
from tests.support.warm.programs import finished

if TYPE_CHECKING:
    import subprocess

HMAC = new_key("HS256", "a")
ED25519 = new_key("EdDSA", "b")
P256 = new_key("ES256", "c")
RSA = new_key("RS256", "d")
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
        keys(HMAC | {"alg": "HS512"}),
        keys(RSA | {"alg": "PS256"}),
        keys(RSA | {"alg": "ES256"}),
        keys(RSA | {"d": new_key("RS256", "e")["d"]}),
        keys(P256 | {"crv": "P-384"}),
        keys(P256 | {"y": P256["x"]}),
        keys(P256 | {"d": new_key("ES256", "e")["d"]}),
        keys(P256 | {"x": ["a"]}),
        keys(HMAC | {"alg": "EdDSA"}),
        keys(ED25519 | {"alg": "HS256"}),
        keys(ED25519 | {"crv": "X25519"}),
        keys(ED25519 | {"x": "AAAA"}),
        keys(ED25519 | {"x": 7}),
        keys(ED25519 | {"d": new_key("EdDSA", "c")["d"]}),
        keys({"kid": "a", "alg": "HS256", "kty": "oct"}),
        "[" * 100_000,
    ],
    ids=itertools.count(),  # the keys are fresh ones, and a test's name is the same in each process
)
def test_what_is_no_key_set(text: str) -> None:
    with pytest.raises(KeyConfigurationError) as refused:
        parse_keys(text)
    for secret in (HMAC["k"], ED25519["d"], P256["d"], RSA["d"]):
        assert secret not in str(refused.value)


class TestAWeakKeyIsRefused:
    def refused(self, member: dict[str, Any]) -> str:
        with pytest.raises(KeyConfigurationError, match="'w' is too weak") as refused:
            parse_keys(keys(HMAC, member))
        return str(refused.value)

    @pytest.mark.parametrize(
        "secret",
        [bytes(32), b"x" * 64, bytes(range(32)), b"change-me" * 8, b"ab" * 31 + b"c"],
        ids=["zeros", "one byte", "counted", "repeated", "two letters"],
    )
    def test_a_secret_that_is_guessed(self, secret: bytes) -> None:
        assert "easily guessed" in self.refused(HMAC | {"kid": "w", "k": encoded(secret)})

    def test_a_short_secret(self) -> None:
        assert "shorter than 32 bytes" in self.refused(HMAC | {"kid": "w", "k": encoded(b"short")})

    def test_random_secrets_are_taken_also_as_text(self) -> None:
        for _ in range(200):
            for secret in (token_bytes(32), token_bytes(32).hex().encode()):
                parse_keys(keys(HMAC | {"k": encoded(secret)}))

    @pytest.mark.parametrize("y", sorted(LOW_ORDER), ids=itertools.count())
    @pytest.mark.parametrize("sign", [0, 0x80])
    def test_a_point_of_low_order(self, y: bytes, sign: int) -> None:
        point = y[:31] + bytes([y[31] | sign])
        assert "low order" in self.refused(PUBLIC | {"kid": "w", "x": encoded(point)})

    @pytest.mark.parametrize("y", sorted(LOW_ORDER), ids=itertools.count())
    def test_because_whoever_has_no_private_key_signs_with_it(self, y: bytes) -> None:
        """The signature of no key at all holds for many messages."""
        nobodys = b"\x01" + bytes(63)
        point = Ed25519PublicKey.from_public_bytes(y)
        assert any(holds(point, nobodys, str(number).encode()) for number in range(500))

    @pytest.mark.parametrize("bits", [1024, 2047])
    def test_a_short_modulus(self, bits: int) -> None:
        made = rsa_of(bits)
        assert f"{bits} bits" in self.refused({**made, "kid": "w", "alg": "RS256"})


def encoded(secret: bytes) -> str:
    return urlsafe_b64encode(secret).rstrip(b"=").decode()


def rsa_of(bits: int) -> dict[str, Any]:
    number = 2 ** (bits - 1) + 1
    modulus = encoded(number.to_bytes((bits + 7) // 8, "big"))
    return {"kty": "RSA", "n": modulus, "e": "AQAB"}


def holds(point: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        point.verify(signature, message)
    except InvalidSignature:
        return False
    return True


class TestApiKeysOfTheSettings:
    @pytest.mark.parametrize(
        ("found", "why"),
        [
            ([""], "key 1 of 1 is empty"),
            (["a-key-that-is-long", ""], "key 2 of 2 is empty"),
            (["fifteen letters"], "fewer than 16 characters"),
            (["x" * 40], "different characters"),
            (["a-key-that-is-long\n"], "no header carries"),
            ([" a-key-that-is-long"], "no header carries"),
            (["ein-schlüssel-für-alle"], "no header carries"),
            (["a-key-that-is-long", "a-key-that-is-long"], "names a key twice"),
        ],
        ids=itertools.count(),
    )
    def test_what_is_none_is_refused_and_not_shown(self, found: list[str], why: str) -> None:
        with pytest.raises(KeyConfigurationError, match=why) as refused:
            SharedApiKeys.of(Settings.model_validate({"api_keys": found}))
        assert not any(key and key in str(refused.value) for key in found)

    def test_each_is_known_and_no_other(self) -> None:
        shared = SharedApiKeys(["a-key-that-is-long", "another-key-that-is-long"])
        assert shared.has("another-key-that-is-long")
        assert not any(map(shared.has, ["", "a-key-that-is-lon", "a-key-that-is-long ", "ü"]))
        assert not SharedApiKeys([]).has("")


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
        settings = Settings.model_validate(
            {"token_keys": keys(HMAC), "api_keys": ["an-api-key-of-the-tests"]}
        )
        assert HMAC["k"] not in repr(settings)
        assert "an-api-key-of-the-tests" not in repr(settings)
        assert HMAC["k"] not in repr(key_set(settings).signing)


class TestTheCommands:
    def run(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return finished([sys.executable, "-m", *argv], clean() | environment, ROOT, START_TIMEOUT)

    @pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256", "HS256"])
    def test_new_key_makes_a_set_that_signs(self, algorithm: str) -> None:
        made = self.run("taskbeam", "keys", "new", "--algorithm", algorithm, "--kid", "2026").stdout
        assert (parse_keys(made).signing.kid, parse_keys(made).signing.algorithm) == ("2026", algorithm)

    def test_the_gateway_says_what_it_needs_and_stops(self) -> None:
        refused = self.run("app")
        assert refused.returncode == 2
        assert "taskbeam keys new" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_the_gateway_does_not_start_with_an_api_key_that_is_empty(self) -> None:
        refused = self.run("app", TASKBEAM_TOKEN_KEYS=keys(HMAC), TASKBEAM_API_KEYS='[""]')
        assert refused.returncode == 2
        assert "TASKBEAM_API_KEYS cannot be used: key 1 of 1 is empty" in refused.stderr
        assert "Traceback" not in refused.stderr
