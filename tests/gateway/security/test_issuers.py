"""Tokens of other issuers: by their own keys, for what they may sign for, and nothing else."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

import jwt
import pytest
from pydantic import ValidationError

from taskbeam.gateway.auth.identity import FOLLOW, Action
from taskbeam.gateway.auth.issuer import Issuer
from taskbeam.gateway.auth.issuers import Issuers
from taskbeam.gateway.auth.keys import KeyConfigurationError, new_key, parse_keys
from taskbeam.gateway.auth.operators import RESERVED
from taskbeam.gateway.auth.tokens import Tokens
from taskbeam.gateway.problems import UNAUTHENTICATED, Problem, TaskbeamError
from taskbeam.gateway.settings import GatewaySettings
from tests.support.gateway import ROOT
from tests.support.issuer import ForeignIssuer
from tests.support.tokens import KEYS, part, sign

A = ForeignIssuer(
    "https://a.example/",
    keys={algorithm: new_key(algorithm, algorithm) for algorithm in ("RS256", "ES256", "EdDSA")},
)
B = ForeignIssuer("https://b.example/", keys={"RS256": new_key("RS256", "RS256")})


def config(foreign: ForeignIssuer, **more: Any) -> Issuer:
    given = {"issuer": foreign.name, "audience": "taskbeam-api", "keys": foreign.public()} | more
    return Issuer.model_validate(given)


def trusting(*issuers: Issuer) -> Tokens:
    return Tokens(parse_keys(KEYS), "taskbeam", 900, 3600, Issuers(issuers))


BOTH = trusting(config(A), config(B))


def refused(token: str, tokens: Tokens = BOTH) -> Problem:
    with pytest.raises(TaskbeamError) as error:
        tokens.verify(token)
    return error.value.problem


def claims(**more: Any) -> dict[str, Any]:
    now = time.time()
    return {
        "iss": A.name,
        "aud": "taskbeam-api",
        "iat": now,
        "exp": now + 300,
        "sub": "user-7",
        "scope": "read",
    } | more


class TestAGoodToken:
    @pytest.mark.parametrize("kid", A.keys)
    def test_by_each_algorithm(self, kid: str) -> None:
        identity = BOTH.verify(A.sign(kid, jti="j"))
        assert (identity.subject, identity.owner, identity.token_id) == ("user-7", "user-7", "j")
        assert identity.scopes == {Action.READ}

    @pytest.mark.parametrize("typ", ["JWT", "at+jwt", "application/at+jwt", "AT+JWT", None])
    def test_of_each_type_of_an_access_token(self, typ: str | None) -> None:
        BOTH.verify(A.sign(header={"typ": typ}))

    def test_for_several_audiences(self) -> None:
        BOTH.verify(A.sign(aud=["https://a.example/userinfo", "taskbeam-api"]))

    def test_beside_those_of_our_own_keys(self) -> None:
        assert BOTH.verify(sign(owner="o")).owner == "o"


class TestAForgedOne:
    @pytest.mark.parametrize("kid", ["RS256", "ES256", "EdDSA"])
    @pytest.mark.parametrize("algorithm", ["HS256", "HS512", "none", "RS256", "ES256", "EdDSA", "PS256"])
    def test_by_the_public_key_taken_for_a_secret(self, kid: str, algorithm: str) -> None:
        """RFC 8725, 2.1."""
        public = next(key for key in A.public() if key["kid"] == kid)
        body = f"{part({'alg': algorithm, 'kid': kid})}.{part(claims())}"
        spelt = [json.dumps(public).encode(), *(str(value).encode() for value in public.values()), b""]
        for secret in spelt:
            for hash_name in ("sha256", "sha512"):
                forged = hmac.new(secret, body.encode(), hash_name).digest()
                assert refused(f"{body}.{part(forged)}") is UNAUTHENTICATED
        assert refused(f"{body}.") is UNAUTHENTICATED

    def test_by_our_own_key_in_the_name_of_an_issuer(self) -> None:
        assert refused(sign(iss=A.name, aud="taskbeam-api")) is UNAUTHENTICATED

    @pytest.mark.parametrize("audience", ["taskbeam", "taskbeam-api"])
    def test_by_an_issuers_key_in_our_name(self, audience: str) -> None:
        assert refused(A.sign(iss=None, aud=audience, jti="j")) is UNAUTHENTICATED

    def test_by_an_issuers_key_in_the_name_of_another(self) -> None:
        """Also where their kids are the same."""
        assert refused(A.sign("RS256", iss=B.name)) is UNAUTHENTICATED
        assert refused(A.sign("ES256", iss=B.name)) is UNAUTHENTICATED

    @pytest.mark.parametrize(
        "issuer", ["https://c.example/", "https://a.example", "HTTPS://A.EXAMPLE/", "", [A.name], 7, {}]
    )
    def test_in_the_name_of_nobody(self, issuer: Any) -> None:
        key = jwt.PyJWK(A.keys["RS256"]).key
        body = f"{part({'alg': 'RS256', 'kid': 'RS256'})}.{part(claims(iss=issuer))}"
        signature = jwt.get_algorithm_by_name("RS256").sign(body.encode(), key)
        assert refused(f"{body}.{part(signature)}") is UNAUTHENTICATED

    @pytest.mark.parametrize("audience", ["taskbeam", "other", ["other"], "", None])
    def test_for_another_audience(self, audience: Any) -> None:
        assert refused(A.sign(aud=audience)) is UNAUTHENTICATED

    @pytest.mark.parametrize("kid", [["RS256"], {"RS256": 1}, "../RS256", "RS256\0", "hmac", "", 7])
    def test_by_a_key_of_another_name(self, kid: Any) -> None:
        key = jwt.PyJWK(A.keys["RS256"]).key
        body = f"{part({'alg': 'RS256', 'kid': kid})}.{part(claims())}"
        signature = jwt.get_algorithm_by_name("RS256").sign(body.encode(), key)
        assert refused(f"{body}.{part(signature)}") is UNAUTHENTICATED

    @pytest.mark.parametrize("member", ["jku", "jwk", "x5u", "x5c"])
    def test_that_brings_its_key(self, member: str) -> None:
        own = ForeignIssuer(A.name, keys={"RS256": new_key("RS256", "RS256")})
        value: Any = {"jwk": own.public()[0], "x5c": ["AAAA"]}.get(member, "https://evil.example/")
        assert refused(own.sign(header={member: value})) is UNAUTHENTICATED

    @pytest.mark.parametrize("claim", ["exp", "iat", "aud", "iss"])
    def test_without_a_claim_that_is_required(self, claim: str) -> None:
        without: dict[str, Any] = {claim: None}
        assert refused(A.sign(**without)) is UNAUTHENTICATED

    @pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt"])
    def test_of_another_type(self, typ: str) -> None:
        assert refused(A.sign(header={"typ": typ})) is UNAUTHENTICATED

    @pytest.mark.parametrize("typ", ["JWT", None, "logout+jwt"])
    def test_of_another_type_than_is_asked_for(self, typ: str | None) -> None:
        for spelt in ("application/AT+JWT", "at+jwt"):
            strict = trusting(config(A, typ=spelt))
            strict.verify(A.sign(header={"typ": "application/at+jwt"}))
        assert refused(A.sign(header={"typ": typ}), strict) is UNAUTHENTICATED

    def test_by_an_algorithm_that_is_not_asked_for(self) -> None:
        only = trusting(config(A, keys=[A.public()[1]], algorithms=["ES256"]))
        only.verify(A.sign("ES256"))
        assert refused(A.sign("RS256"), only) is UNAUTHENTICATED


class TestTheClaims:
    @pytest.mark.parametrize(
        ("claim", "given"),
        [
            ("sub", {"sub": "ada"}),
            ("https://shop.example/owner", {"https://shop.example/owner": "ada"}),
            ("resource.owner", {"resource": {"owner": "ada"}}),
            ("a.b.c", {"a": {"b": {"c": "ada"}}}),
            ("a.b", {"a.b": "ada", "a": {"b": "eve"}}),
        ],
    )
    def test_the_owner_is_where_it_is_said_to_be(self, claim: str, given: dict[str, Any]) -> None:
        identity = trusting(config(A, owner_claim=claim)).verify(A.sign(**given))
        assert (identity.owner, identity.subject) == ("ada", "ada")

    @pytest.mark.parametrize("owner", [7, ["ada"], {"name": "ada"}, "", None, True])
    def test_a_token_without_an_owner_is_none(self, owner: Any) -> None:
        tokens = trusting(config(A, owner_claim="owner"))
        assert refused(A.sign(owner=owner), tokens) is UNAUTHENTICATED

    @pytest.mark.parametrize(
        ("given", "scopes"),
        [
            ("read cancel send", FOLLOW),
            (["read", "cancel"], FOLLOW),
            ("openid profile", frozenset()),
            (None, frozenset()),
        ],
    )
    def test_scopes_are_cut_to_those_it_may_sign_for(self, given: Any, scopes: Any) -> None:
        tokens = trusting(config(A, allowed_scopes=["read", "cancel"]))
        assert tokens.verify(A.sign(scope=given)).scopes == scopes

    def test_by_default_an_issuer_signs_for_reading_only(self) -> None:
        assert BOTH.verify(A.sign(scope="read cancel send")).scopes == {Action.READ}

    def test_scopes_have_the_issuers_names(self) -> None:
        names = {"tasks:read": "read", "admin": "cancel"}
        tokens = trusting(
            config(A, scope_claim="realm_access.roles", scope_names=names, allowed_scopes=["read", "cancel"])
        )
        signed = A.sign(realm_access={"roles": ["tasks:read", "admin", "read", "send"]})
        assert tokens.verify(signed).scopes == FOLLOW
        assert tokens.verify(A.sign(realm_access={"roles": ["read"]})).scopes == frozenset()

    def test_an_issuer_without_scopes_gives_all_that_it_may(self) -> None:
        assert trusting(config(A, scope_claim=None)).verify(A.sign(scope=None)).scopes == {Action.READ}

    @pytest.mark.parametrize("scope", [7, {"read": True}, ["read", 7]])
    def test_scopes_of_another_form_are_none(self, scope: Any) -> None:
        assert refused(A.sign(scope=scope)) is UNAUTHENTICATED

    @pytest.mark.parametrize(
        ("owner", "may"),
        [("shop-7", True), ("root", True), ("shop", False), ("admin", False), ("root2", False), ("", False)],
    )
    def test_an_issuer_signs_only_for_its_owners(self, owner: str, may: bool) -> None:
        tokens = trusting(config(A, owners=["shop-*", "root"]))
        if may:
            assert tokens.verify(A.sign(sub=owner)).owner == owner
        else:
            assert refused(A.sign(sub=owner), tokens) is UNAUTHENTICATED

    def test_our_own_claims_are_not_looked_at(self) -> None:
        identity = BOTH.verify(A.sign(owner="root", tasks=["t"], groups=["g"]))
        assert (identity.owner, identity.tasks, identity.groups) == ("user-7", (), ())

    def test_tasks_and_groups_where_it_may_name_them(self) -> None:
        tokens = trusting(config(A, owner_claim=None, tasks_claim="tasks", groups_claim="my.groups"))
        identity = tokens.verify(A.sign(tasks=["t"], my={"groups": ["g"]}))
        assert (identity.subject, identity.tasks, identity.groups) == (None, ("t",), ("g",))
        assert refused(A.sign(tasks="t"), tokens) is UNAUTHENTICATED

    @pytest.mark.parametrize("name", sorted(RESERVED))
    def test_nobody_else_makes_operators(self, name: str) -> None:
        """Such a token would be for every task, whatever its issuer may sign for."""
        tokens = trusting(config(A, tasks_claim="tasks", owners=["user-*"]))
        assert refused(A.sign(tasks=["t", name]), tokens) is UNAUTHENTICATED

    def test_a_token_that_would_live_too_long(self) -> None:
        assert refused(A.sign(exp=time.time() + 4000)) is UNAUTHENTICATED


class TestTheSettings:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"jwks_url": "https://a.example/jwks"},  # and keys
            {"keys": []},
            {"keys": [], "jwks_url": "http://a.example/jwks"},
            {"keys": [], "jwks_url": "ftp://a.example/jwks"},
            {"keys": [], "jwks_url": "file:///etc/passwd"},
            {"keys": [], "jwks_url": "https://user:secret@a.example/jwks"},
            {"keys": [], "jwks_url": "https://a.example/\r\nX: y"},
            {"algorithms": ["HS256"]},
            {"algorithms": ["none"]},
            {"allowed_scopes": ["everything"]},
            {"issuer": ""},
            {"audience": ""},
            {"misspelt": 1},
        ],
    )
    def test_what_is_no_issuer(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError) as refused:
            config(A, **wrong)
        assert "secret" not in str(refused.value)

    def test_plain_http_on_this_machine(self) -> None:
        for host in ("127.0.0.1:1", "[::1]:1", "localhost"):
            config(A, keys=[], jwks_url=f"http://{host}/jwks")

    @pytest.mark.parametrize(
        "keys",
        [[new_key("HS256", "h")], [{"kid": "x", "kty": "RSA", "n": "AQAB", "e": "AQAB"}], [{}]],
        ids=range(3),
    )
    def test_keys_that_are_none(self, keys: Any) -> None:
        with pytest.raises(KeyConfigurationError, match=r"TASKBEAM_ISSUERS .*https://a.example/"):
            trusting(config(A, keys=keys))

    def test_an_issuer_twice(self) -> None:
        with pytest.raises(KeyConfigurationError, match="twice"):
            trusting(config(A), config(A))

    def test_the_examples_of_the_documents(self) -> None:
        text = (ROOT / "docs/operating.md").read_text().partition("### Other issuers")[2]
        examples = [block.partition("```")[0] for block in text.split("```json\n")[1:]]
        found = [GatewaySettings.model_validate({"issuers": json.loads(each)}) for each in examples]
        assert [settings.issuers[0].jwks_url is not None for settings in found] == [True, True]

    def test_the_documents_name_every_field(self) -> None:
        text = (ROOT / "docs/operating.md").read_text().partition("### Other issuers")[2]
        rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
        named = [word for row in rows for word in row.split("`")[1::2]]
        assert set(named) >= set(Issuer.model_fields)
