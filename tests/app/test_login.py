"""The parts of the login, without a server."""

from __future__ import annotations

import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import jwt
import pytest

from app.accounts import sessions
from app.accounts.attempts import MOST_KEYS, WINDOW, Attempts
from app.accounts.passwords import NOBODYS, hash_password, is_password
from app.accounts.sessions import LIFETIME, Sessions
from app.accounts.store import AccountStore
from app.main import create_app
from app.settings import Settings
from tests.support.linter import complaints

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32


class TestPasswords:
    def test_of_two_the_same_the_hashes_differ(self) -> None:
        one, other = hash_password("hörse 🐎"), hash_password("hörse 🐎")
        assert one != other
        assert is_password("hörse 🐎", one)
        assert not is_password("horse", one)
        assert "hörse" not in one

    def test_nobodys_is_nobodys(self) -> None:
        assert not is_password("", NOBODYS)


class TestAttempts:
    def test_are_so_many_in_any_minute(self) -> None:
        now = 0.0
        attempts = Attempts(2, lambda: now)
        assert [attempts.take("ada") for _ in range(3)] == [0, 0, WINDOW]
        assert attempts.take("bob") == 0
        now = WINDOW - 1
        assert attempts.take("ada") == 1
        now = WINDOW
        assert [attempts.take("ada") for _ in range(3)] == [0, 0, WINDOW]

    def test_are_forgiven(self) -> None:
        attempts = Attempts(1, lambda: 0.0)
        attempts.take("ada")
        attempts.forgive("ada")
        assert attempts.take("ada") == 0

    def test_of_many_names_take_no_more_memory(self) -> None:
        attempts = Attempts(1, lambda: 0.0)
        for name in range(MOST_KEYS + 1):
            attempts.take(str(name))
        assert attempts.take("0") == 0
        assert attempts.take(str(MOST_KEYS)) > 0


class TestSessions:
    def test_are_read_until_they_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours = Sessions(lambda: KEY)
        session, cookie = ours.begin("ada")
        assert ours.read(cookie) == session
        assert session.account == "ada"
        assert session.ends - session.began == LIFETIME
        monkeypatch.setattr(sessions, "LIFETIME", -1)
        assert ours.read(ours.begin("ada")[1]) is None

    @pytest.mark.parametrize(
        "changed", [{"aud": "taskbeam"}, {"exp": None}, {"jti": None}, {"sub": None}, {"key": b"x" * 32}]
    )
    def test_are_no_others(self, changed: dict[str, object]) -> None:
        now = time.time()
        claims = {"jti": "1", "sub": "ada", "iat": now, "exp": now + 60, "aud": "taskbeam-sample-session"}
        key = changed.pop("key", KEY)
        claims = {name: value for name, value in (claims | changed).items() if value is not None}
        assert isinstance(key, bytes)
        assert Sessions(lambda: KEY).read(jwt.encode(claims, key, "HS256")) is None


class TestTheStore:
    def test_is_shared_by_processes_that_begin_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "accounts.db"
        with ThreadPoolExecutor(8) as threads:
            keys = list(threads.map(lambda _: AccountStore(path).signing_key(), range(8)))
            added = list(threads.map(lambda _: AccountStore(path).add("ada", "hash"), range(8)))
        assert len(set(keys)) == 1
        assert sorted(added) == [False] * 7 + [True]
        assert AccountStore(path).password_of("ada") == "hash"
        assert AccountStore(path).password_of("bob") is None

    def test_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "accounts.db"
        AccountStore(path).signing_key()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_document_has_the_login(tmp_path: Path) -> None:
    document = create_app(Settings(auth="open", accounts_db=tmp_path / "accounts.db")).openapi()
    named = {each["operationId"] for path in document["paths"].values() for each in path.values()}
    assert named >= {"create_account", "sign_in", "get_session", "sign_out"}
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    assert complaints(tmp_path / "openapi.json") == ""
