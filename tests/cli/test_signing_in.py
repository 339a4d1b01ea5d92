"""`taskbeam login` prints no link that a browser could not use."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from taskbeam.cli.commands import commands
from taskbeam.cli.signing_in import keeping_cookies, sign_in_address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_this_machine_needs_no_tls(host: str, address: str) -> None:
    assert sign_in_address(host, 8000) == address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://jobs.example.com/live/", "https://jobs.example.com/live"),
        ("jobs.example.com", "https://jobs.example.com"),
        ("10.0.0.5:8443", "https://10.0.0.5:8443"),
        ("localhost:9000", "http://localhost:9000"),
        ("http://gateway.localhost:9000", "http://gateway.localhost:9000"),
    ],
)
def test_an_address_without_a_scheme_is_https(given: str, address: str) -> None:
    assert keeping_cookies(given) == address


@pytest.mark.parametrize(
    "address", ["http://jobs.example.com", "http://10.0.0.5:8000", "http://[fd00::5]:8000"]
)
def test_plain_http_of_another_machine_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="--address https://HOST"):
        keeping_cookies(address)


@pytest.mark.parametrize("address", ["ftp://jobs.example.com", "https://", "/live"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is no address of a gateway"):
        keeping_cookies(address)


def test_the_command_says_what_to_do_and_makes_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where the results would be."""
    monkeypatch.setenv("TASKBEAM_HOST", "10.0.0.5")
    monkeypatch.setenv("TASKBEAM_RESULT_BACKEND", "taskbeam+redis://127.0.0.1:1/0")
    done = CliRunner().invoke(commands, ["login"])
    assert done.exit_code == 2
    assert "keeps no session of http://10.0.0.5:8000" in " ".join(done.stderr.split())
