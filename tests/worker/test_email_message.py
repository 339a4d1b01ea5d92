"""A message is written down so that any mail server takes it, or it is refused for what it is."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from worker.emails.errors import InvalidEmailError
from worker.emails.message import Email, compose, message_id

EMAIL = Email("zoe@example.com", "Zoës Bericht", "Schöne Grüße\n.\n" + "x" * 2000 + "\n", "report-ready:1")
SENDER = "reports@shop.example"
NOW = 1_763_800_000.5


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_it_can_be_read_again() -> None:
    message = read(compose(EMAIL, SENDER, NOW))
    assert message["From"] == SENDER
    assert message["To"] == EMAIL.to
    assert message["Subject"] == EMAIL.subject
    assert message.get_content().splitlines() == EMAIL.body.splitlines()
    assert message["Date"].datetime.timestamp() == 1_763_800_000
    assert not message.defects


def test_the_wire_gets_short_lines_of_ascii() -> None:
    content = compose(EMAIL, SENDER, NOW)
    assert content.isascii()
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998  # RFC 5321 §4.5.3.1.6
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_the_same_key_has_the_same_id() -> None:
    again = replace(EMAIL, subject="In other words")
    assert read(compose(EMAIL, SENDER, NOW))["Message-ID"] == message_id(EMAIL.key, SENDER)
    assert read(compose(again, SENDER, NOW + 1))["Message-ID"] == message_id(EMAIL.key, SENDER)
    assert message_id("another", SENDER) != message_id(EMAIL.key, SENDER)
    assert message_id(EMAIL.key, SENDER).endswith("@shop.example>")


@pytest.mark.parametrize(
    "address",
    ["a@b", "first.last+tag@mail.example.com", "o'brien@xn--caf-dma.example", f"{'a' * 64}@b.example"],
)
def test_addresses(address: str) -> None:
    assert read(compose(replace(EMAIL, to=address), SENDER, NOW))["To"] == address


@pytest.mark.parametrize(
    "address",
    [
        *("", "a", "a@", "@b", "a@b@c", "a b@c", "a@b, c@d", "Zoë <a@b>", "<a@b>", "zoë@b", "a@café.example"),
        *(
            "a..b@c",
            ".a@b",
            "a@-b",
            "a@b.",
            "a@b\n",
            "a@b\r\nRCPT TO:<c@d>",
            f"{'a' * 65}@b",
            f"a@{'b.' * 127}cc",
        ),
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InvalidEmailError, match="is not an e-mail address"):
        compose(replace(EMAIL, to=address), SENDER, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Hello\r\nBcc: everybody@example.com"},
        {"subject": "half a pair \ud800"},
        {"body": "half a pair \ud800"},
        {"key": ""},
        {"key": "x" * 501},
        {"key": "a\0b"},
    ],
)
def test_what_cannot_be_written_down(change: dict[str, str]) -> None:
    with pytest.raises(InvalidEmailError):
        compose(replace(EMAIL, **change), SENDER, NOW)
