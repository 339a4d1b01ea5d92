"""A token is taken only as it was signed, for whom it was signed, and as long as it holds."""

from __future__ import annotations

import hmac
import time
from contextlib import suppress
from typing import Any, cast

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.gateway.auth.claims import MAX_NAMED
from taskbeam.gateway.auth.identity import FOLLOW, LEEWAY, READ_ONLY, Action, Identity
from taskbeam.gateway.auth.keys import parse_keys
from taskbeam.gateway.auth.revocation import Revocations
from taskbeam.gateway.auth.tokens import Tokens
from taskbeam.gateway.problems import TOKEN_EXPIRED, UNAUTHENTICATED, Problem, TaskbeamError
from taskbeam.journal.control_keys import ONE_SERVER
from tests.support.tokens import ED25519, HMAC, KEYS, claims, key, part, sign

TOKENS = Tokens(parse_keys(KEYS), "taskbeam", 900, 3600)


def refused(token: str, tokens: Tokens = TOKENS) -> Problem:
    with pytest.raises(TaskbeamError) as error:
        tokens.verify(token)
    return error.value.problem


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

    def test_of_an_old_login_is_good_though_no_token_lives_as_long(self) -> None:
        login = Identity.for_owner("ada", issued=time.time() - 30 * 24 * 3600)
        derived = TOKENS.verify(TOKENS.issue(login.reader_of("a")))
        assert derived.expires is not None
        assert derived.expires - derived.issued == pytest.approx(3600)


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
        assert refused(sign(iat=time.time() - 100, exp=time.time() - LEEWAY - 1)) is TOKEN_EXPIRED

    @pytest.mark.parametrize("claim", ["nbf", "iat", "exp"])
    def test_but_clocks_may_differ_a_little_alike_for_each_of_its_times(self, claim: str) -> None:
        now = 1_800_000_000.0
        tokens = Tokens(parse_keys(KEYS), "taskbeam", 900, 3600, clock=lambda: now)
        ahead = -1 if claim == "exp" else 1

        def signed(difference: float) -> str:
            times: dict[str, Any] = {"iat": now - 100, "exp": now + 100} | {claim: now + ahead * difference}
            return sign(**times)

        tokens.verify(signed(LEEWAY - 0.5))
        problem = TOKEN_EXPIRED if claim == "exp" else UNAUTHENTICATED
        assert refused(signed(LEEWAY + 0.5), tokens) is problem

    @pytest.mark.parametrize("claim", ["nbf", "iat"])
    def test_a_clock_that_is_behind_is_named_in_the_log_once_a_minute(
        self, claim: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        at = now = 1_800_000_000.0
        tokens = Tokens(parse_keys(KEYS), "taskbeam", 900, 3600, clock=lambda: at)
        times: dict[str, Any] = {"iat": now, "exp": now + 900} | {claim: now + 120}
        for later in (0, 30, 59, 61):
            at = now + later
            assert refused(sign(**times), tokens) is UNAUTHENTICATED
        assert [record.getMessage()[:51] for record in caplog.records] == [
            "Refused a token that holds from 120 s after this ma",
            "Refused a token that holds from 59 s after this mac",
        ]

    def test_after_all_that_revokes_it_may_be_forgotten(self) -> None:
        """The longest-lived token there can be, which was revoked when it was first taken."""
        now = 1_800_000_000.0
        revoked: Any = Revocations(cast("Any", None), ONE_SERVER, 3600)._revoked
        kept: float = revoked._longest
        begins = now + LEEWAY - 0.1
        token = sign(iat=begins, exp=begins + 3600 + LEEWAY - 0.1)
        tokens = Tokens(parse_keys(KEYS), "taskbeam", 900, 3600, clock=lambda: at)
        at = now
        tokens.verify(token)
        at = now + kept - 1
        tokens.verify(token)
        at = now + kept
        assert refused(token, tokens) is TOKEN_EXPIRED

    @pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "id_token", "", 7, ["JWT"]])
    def test_with_the_type_of_another_kind_of_token(self, typ: Any) -> None:
        """RFC 8725, 3.11."""
        secret: Any = key("hmac").private
        body = f"{part({'alg': 'HS256', 'kid': 'hmac', 'typ': typ})}.{part(claims())}"
        signature = hmac.new(secret, body.encode(), "sha256").digest()
        assert refused(f"{body}.{part(signature)}") is UNAUTHENTICATED

    @pytest.mark.parametrize("issuer", ["https://elsewhere.example", "", 7])
    def test_with_an_issuer(self, issuer: Any) -> None:
        """Our own keys sign for nobody else."""
        secret: Any = key("hmac").private
        body = f"{part({'alg': 'HS256', 'kid': 'hmac'})}.{part(claims(iss=issuer))}"
        signature = hmac.new(secret, body.encode(), "sha256").digest()
        assert refused(f"{body}.{part(signature)}") is UNAUTHENTICATED

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
