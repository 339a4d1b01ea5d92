"""A token is taken only as it was signed, for whom it was signed, and as long as it holds."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from contextlib import suppress
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.gateway.auth.identity import FOLLOW, READ_ONLY, Action, Identity
from taskbeam.gateway.auth.keys import parse_keys
from taskbeam.gateway.auth.tokens import MAX_NAMED, Tokens
from taskbeam.gateway.problems import TOKEN_EXPIRED, UNAUTHENTICATED, Problem, TaskbeamError
from tests.support.tokens import ED25519, HMAC, KEYS, claims, key, sign

TOKENS = Tokens(parse_keys(KEYS), "taskbeam", 900, 3600)


def refused(token: str, tokens: Tokens = TOKENS) -> Problem:
    with pytest.raises(TaskbeamError) as error:
        tokens.verify(token)
    return error.value.problem


def part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


class TestAGoodToken:
    @pytest.mark.parametrize("kid", ["hmac", "edward"])
    def test_by_each_key(self, kid: str) -> None:
        identity = TOKENS.verify(sign(kid, tasks=["a"], groups=["g"], owner="o", sub="s", jti="j"))
        assert (identity.tasks, identity.groups, identity.owner) == (("a",), ("g",), "o")
        assert (identity.subject, identity.token_id, identity.scopes) == ("s", "j", FOLLOW)

    @pytest.mark.parametrize("kid", ["hmac", "edward"])
    def test_that_the_gateway_issues(self, kid: str) -> None:
        tokens = Tokens(parse_keys(KEYS, kid), "taskbeam", 900, 3600)
        identity = tokens.verify(tokens.issue(Identity(subject="s", scopes=FOLLOW, tasks=("a",))))
        assert (identity.subject, identity.scopes, identity.tasks) == ("s", FOLLOW, ("a",))
        assert identity.expires is not None
        assert identity.expires - identity.issued == pytest.approx(900)
        assert abs(identity.issued - time.time()) < 60

    def test_a_part_of_it_ends_and_is_revoked_with_it(self) -> None:
        whole = TOKENS.verify(sign(tasks=["a", "b"], owner="o", sub="s", exp=time.time() + 30))
        derived = TOKENS.verify(TOKENS.issue(whole.reader_of("a")))
        assert (derived.tasks, derived.owner, derived.scopes) == (("a",), None, READ_ONLY)
        assert (derived.token_id, derived.subject, derived.expires, derived.issued) == (
            (whole.token_id, whole.subject, whole.expires, whole.issued)
        )

    def test_may_name_actions_of_other_services(self) -> None:
        assert TOKENS.verify(sign(scope="read admin reader")).scopes == {Action.READ}


class TestIsNone:
    def test_without_a_key_that_is_known(self) -> None:
        secret: Any = key("hmac").private
        for header in ({}, {"kid": "other"}, {"kid": "HMAC"}):
            assert refused(jwt.encode(claims(), secret, "HS256", header)) is UNAUTHENTICATED

    @pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE"])
    @pytest.mark.parametrize("kid", ["hmac", "edward", None])
    def test_with_the_algorithm_none(self, algorithm: str, kid: str | None) -> None:
        header = {"alg": algorithm, "typ": "JWT"} | ({"kid": kid} if kid else {})
        assert refused(f"{part(header)}.{part(claims())}.") is UNAUTHENTICATED

    def test_with_the_public_key_taken_for_a_secret(self) -> None:
        """The confusion of HS256 with an asymmetric algorithm."""
        public = key("edward").public
        assert isinstance(public, Ed25519PublicKey)
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        for secret in (raw, ED25519["x"].encode()):
            forged = jwt.encode(claims(), secret, "HS256", {"kid": "edward"})
            assert refused(forged) is UNAUTHENTICATED

    def test_with_another_algorithm_than_its_keys(self) -> None:
        secret: Any = key("hmac").private
        for algorithm in ("HS384", "HS512"):
            token = jwt.encode(claims(), secret + bytes(32), algorithm, {"kid": "hmac"})
            assert refused(token) is UNAUTHENTICATED

    @pytest.mark.parametrize("kid", ["hmac", "edward"])
    def test_when_any_part_is_changed(self, kid: str) -> None:
        header, body, signature = sign(kid, tasks=["a"]).split(".")
        other = part(claims(tasks=["b"]))
        assert refused(f"{header}.{other}.{signature}") is UNAUTHENTICATED
        assert refused(f"{header}.{body}.{signature[:-4]}AAAA") is UNAUTHENTICATED
        assert refused(f"{header}.{body}.") is UNAUTHENTICATED
        assert refused(f"{header}.{body}") is UNAUTHENTICATED

    @pytest.mark.parametrize("audience", ["other", "", ["other"], None, 7])
    def test_for_another_audience(self, audience: Any) -> None:
        assert refused(sign(aud=audience)) is UNAUTHENTICATED

    @pytest.mark.parametrize("claim", ["aud", "iat", "exp", "jti"])
    def test_without_a_claim_that_is_required(self, claim: str) -> None:
        without: dict[str, Any] = {claim: None}
        assert refused(sign(**without)) is UNAUTHENTICATED

    @pytest.mark.parametrize(
        "wrong",
        [
            {"tasks": "a"},
            {"tasks": [7]},
            {"tasks": {"a": 1}},
            {"tasks": ["a"] * (MAX_NAMED + 1)},
            {"groups": "g"},
            {"owner": 7},
            {"owner": ["o"]},
            {"scope": ["read"]},
            {"sub": 7},
            {"jti": 7},
            {"iat": "now"},
            {"exp": "never"},
            {"exp": True},
            {"exp": 1e300},
            {"iat": -1},
        ],
    )
    def test_with_a_claim_of_another_form(self, wrong: dict[str, Any]) -> None:
        assert refused(sign(**wrong)) is UNAUTHENTICATED

    def test_when_it_would_live_too_long(self) -> None:
        now = time.time()
        assert refused(sign(iat=now, exp=now + 3700)) is UNAUTHENTICATED
        assert refused(sign(iat=now + 3600, exp=now + 7100)) is UNAUTHENTICATED

    def test_before_its_time(self) -> None:
        assert refused(sign(nbf=time.time() + 100)) is UNAUTHENTICATED

    def test_when_it_is_longer_than_any(self) -> None:
        assert refused(sign(tasks=["x" * 4096])) is UNAUTHENTICATED

    def test_after_its_time(self) -> None:
        assert refused(sign(iat=time.time() - 100, exp=time.time() - 1)) is TOKEN_EXPIRED

    def test_and_a_stranger_is_not_told_that_it_would_have_expired(self) -> None:
        token = jwt.encode(claims(exp=1), b"x" * 32, "HS256", {"kid": "hmac"})
        assert refused(token) is UNAUTHENTICATED


class TestAnything:
    """No input makes another exception than the two problems."""

    @given(st.text(max_size=300) | st.from_regex(r"[\w-]{0,80}\.[\w-]{0,80}\.[\w-]{0,80}", fullmatch=True))
    def test_text(self, text: str) -> None:
        assert refused(text) is UNAUTHENTICATED

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
            ),
            max_leaves=12,
        ),
        st.binary(max_size=80),
    )
    def test_json(self, value: Any, signature: bytes) -> None:
        header = {"alg": "HS256", "kid": "hmac"}
        for first, second in ((header, value), (value, claims())):
            assert refused(f"{part(first)}.{part(second)}.{part(signature)}") is UNAUTHENTICATED

    @given(
        st.dictionaries(
            st.sampled_from(
                ["aud", "iat", "exp", "jti", "sub", "scope", "tasks", "groups", "owner", "nbf", "crit"]
            ),
            st.none()
            | st.booleans()
            | st.floats()
            | st.integers()
            | st.text(max_size=9)
            | st.lists(st.text()),
        )
    )
    def test_claims_that_are_signed(self, wrong: dict[str, Any]) -> None:
        secret: Any = key("hmac").private
        token = (
            jwt.encode({**claims(), **wrong}, secret, "HS256", {"kid": "hmac"}) if _encodable(wrong) else ""
        )
        with suppress(TaskbeamError):
            TOKENS.verify(token)


def _encodable(wrong: dict[str, Any]) -> bool:
    """PyJWT refuses to sign some claims."""
    try:
        jwt.encode(wrong, HMAC["k"], "HS256")
    except (TypeError, ValueError, jwt.PyJWTError):
        return False
    return True


class TestRenewing:
    def test_is_being_good_for_the_same_and_more(self) -> None:
        one = Identity(subject="s", scopes=READ_ONLY, tasks=("a",), owner="o")
        assert Identity(subject="s", scopes=FOLLOW, tasks=("a", "b"), owner="o").renews(one)
        assert not Identity(subject="t", scopes=FOLLOW, tasks=("a",), owner="o").renews(one)
        assert not Identity(subject="s", scopes=READ_ONLY, tasks=(), owner="o").renews(one)
        assert not Identity(subject="s", scopes=READ_ONLY, tasks=("a",)).renews(one)
        assert not Identity(subject="s", tasks=("a",), owner="o").renews(one)
