"""A message, and how it is written down for the wire. Pure: what is sent depends on the arguments alone."""

import hashlib
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from .errors import InvalidEmailError

# Every mail server takes 7-bit text with CRLF, whatever extensions it has.
WIRE = SMTP.clone(cte_type="7bit")

LONGEST_KEY = 500

# `Dot-string "@" Domain` of RFC 5321 §4.1.2, in the lengths of §4.5.3.1. Quoted local parts, address literals
# and addresses that are not ASCII (RFC 6531) are not taken.
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@.{{1,255}}\Z){ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")


@dataclass(frozen=True, slots=True)
class Email:
    """One message to one address.

    `key` names the message for ever, such as "msg_2b7c…", the id of the webhook that it is about: whatever is
    to be sent under the same key again, even in other words, is taken for the same message.
    """

    to: str
    subject: str
    body: str
    key: str


def compose(email: Email, sender: str, now: float) -> bytes:
    """Return the message with its headers, dated `now` (seconds since 1970). Raises InvalidEmailError."""
    if not email.key.isprintable() or not 0 < len(email.key) <= LONGEST_KEY:
        raise InvalidEmailError(f"The key is not printable text of up to {LONGEST_KEY} characters.")
    if not ADDRESS.fullmatch(email.to):
        raise InvalidEmailError(f"{email.to!r} is not an e-mail address.")
    message = EmailMessage(policy=WIRE)
    try:
        message["From"] = sender
        message["To"] = email.to
        message["Subject"] = email.subject
        message["Date"] = formatdate(now)
        message["Message-ID"] = message_id(email.key, sender)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to this
        message.set_content(email.body)
        return message.as_bytes()
    except ValueError as error:  # a line break in the subject, or half of a surrogate pair
        raise InvalidEmailError(f"The message cannot be written down: {error}") from error


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID (RFC 5322 §3.6.4), the same for the same key: receivers can tell copies by it."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"
