"""How a mail server is named and spoken to."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from worker.emails.errors import NotNowError
from worker.emails.smtp import SmtpServer

from .mail_server import MailServer, only


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://127.0.0.1:1025", SmtpServer("smtp", "127.0.0.1", 1025)),
        ("smtp://mail.example", SmtpServer("smtp", "mail.example", 25)),
        ("smtps://mail.example", SmtpServer("smtps", "mail.example", 465)),
        ("smtp+starttls://u%40x:p%2Fw@[::1]", SmtpServer("smtp+starttls", "::1", 587, "u@x", "p/w")),
    ],
)
def test_a_server_is_named_by_a_url(url: str, server: SmtpServer) -> None:
    assert SmtpServer.from_url(url) == server


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://:25"])
def test_what_names_no_server(url: str) -> None:
    with pytest.raises(ValueError, match="An SMTP URL is"):
        SmtpServer.from_url(url)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(SmtpServer.from_url("smtp://me:secret@mail.example"))


def test_a_user_is_let_in_by_their_password() -> None:
    options = {"authenticator": only("me", "secret"), "auth_require_tls": False}
    with MailServer().running(**options) as server:
        address = server.url.removeprefix("smtp://")
        with SmtpServer.from_url(f"smtp://me:secret@{address}").connect() as conversation:
            conversation.address("me@localhost", "you@localhost")
            assert conversation.hand_over(b"Subject: hello\r\n\r\n") == "Taken"
        wrong = SmtpServer.from_url(f"smtp://me:wrong@{address}")
        with pytest.raises(NotNowError, match="refuses our connection: 535"), wrong.connect():
            pass
    assert len(server.messages) == 1


@pytest.fixture
def server_tls(tmp_path: Path) -> ssl.SSLContext:
    """A certificate for localhost that nobody trusts who is not told of its issuer: `tmp_path/issuer.pem`."""
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(str(tmp_path / "issuer.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("localhost").configure_cert(context)
    return context


@pytest.mark.parametrize(("scheme", "option"), [("smtps", "ssl_context"), ("smtp+starttls", "tls_context")])
def test_tls_is_with_a_server_that_can_prove_its_name(
    scheme: str, option: str, server_tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {option: server_tls}
    with MailServer().running(**options) as server:
        named = SmtpServer.from_url(f"{scheme}://localhost:{server.port}")
        with pytest.raises(ssl.SSLCertVerificationError), named.connect():
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "issuer.pem"))
        with named.connect() as conversation:
            conversation.address("me@localhost", "you@localhost")
            conversation.hand_over(b"Subject: hello\r\n\r\n")
    assert len(server.messages) == 1


def test_without_the_tls_that_was_asked_for_nothing_is_said() -> None:
    with MailServer().running() as server:
        address = server.url.removeprefix("smtp://")
        named = SmtpServer.from_url(f"smtp+starttls://me:secret@{address}")
        with pytest.raises(OSError, match="STARTTLS"), named.connect():
            pass
