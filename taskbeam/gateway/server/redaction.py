"""Keeps secrets out of the log: tokens, tickets, API keys and passwords, however they are written.

A log line is looked at as a whole, with the text of its exception, when it is written: whoever logged it, and
with whatever arguments.
"""

from __future__ import annotations

import copy
import logging
import re
from typing import TYPE_CHECKING, Any

from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter, DefaultFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: A character by its number: in a URL, or in a string of Python or JSON. Escaped text may be escaped again.
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})")
_NESTED = 4

#: Where a secret stands, once nothing is escaped. The last group of each form is the secret itself.
_SECRET = re.compile(
    r"""
    # A parameter of a URL or a form, or an attribute.
    (?: [?&;] | (?<![\w-]) ) (?: ticket | \w*token | jwt | (?:x[-_])?api[-_]?key | \w*secret | passw(?:or)?d )
      ["']? \s? [=:] \s? ["']? (?P<parameter> [^&;\s"'\#]+ )
    | [?&;] (?: key | link ) = (?P<key> [^&;\s"'\#]+ )
    # A header: as it is sent, or in a list or dictionary of Python's.
    | (?<![\w-]) (?: (?:proxy-)?authorization | (?:set-)?cookie | x-api-key )
      ["']? \s? [:,=] \s? (?: b?["'] )? (?P<header> [^"'\r\n]+ )
    | (?<![\w-]) (?: bearer | basic ) \s (?P<credentials> [\w.~+/=-]+ )
    # A WebSocket's subprotocol.
    | taskbeam\.token\. (?P<subprotocol> [^\s,"']+ )
    # user:password@ of a URL. Whoever did not escape it may have any character in it.
    | :// (?P<userinfo> [^\s"']{1,256} ) (?= @ )
    # An API key that has a name: its id may be told.
    | (?<![\w-]) tb_[0-9a-z]+_ (?P<api_key> [0-9A-Za-z]{16,} )
    # Three base64url parts or five, the first of them a JSON object: a JSON Web Token, wherever it stands.
    | (?<![\w-]) (?P<token> eyJ[\w-]+ (?: \.[\w-]* ){2,4} )
    """,
    re.IGNORECASE | re.VERBOSE,
)

#: What ends a parameter, as it is written.
_END = re.compile(r"[&;\s\"'#]|$")


def redact(text: str) -> str:
    """The text without its secrets; the rest stays as it is written."""
    plain, places = _unescaped(text)
    kept, at = [], 0
    for match in _SECRET.finditer(plain):
        kind = match.lastgroup or ""
        begin, end = (places[place] for place in match.span(kind))
        if kind in ("parameter", "key") and len(plain) < len(text):
            # An escaped "&" may be of the secret.
            end = max(end, _next_end(text, end))
        if begin < at:
            at = max(at, end)
            continue
        kept += [text[at:begin], "[token]" if kind == "token" else "[secret]"]
        at = end
    return "".join([*kept, text[at:]])


def _next_end(text: str, begin: int) -> int:
    found = _END.search(text, begin)
    return found.start() if found is not None else len(text)


def _unescaped(text: str) -> tuple[str, Sequence[int]]:
    """The text with nothing escaped, and where in the text each character, and the end, is."""
    places: Sequence[int] = range(len(text) + 1)
    for _ in range(_NESTED):
        if not _ESCAPE.search(text):
            break
        text, places = _once_unescaped(text, places)
    return text, places


def _once_unescaped(text: str, places: Sequence[int]) -> tuple[str, Sequence[int]]:
    characters: list[str] = []
    found: list[int] = []
    for begin, end, number in _pieces(text):
        if number is None:
            characters.append(text[begin:end])
            found += places[begin:end]
        else:
            characters.append(chr(number))
            found.append(places[begin])
    return "".join(characters), [*found, places[-1]]


def _pieces(text: str) -> Iterator[tuple[int, int, int | None]]:
    """From where to where each piece is, and the number of the one character that it stands for."""
    at = 0
    for match in _ESCAPE.finditer(text):
        yield at, match.start(), None
        yield match.start(), match.end(), int(match[match.lastindex or 0], 16)
        at = match.end()
    yield at, len(text), None


class _Redacting(logging.Formatter):
    """Redacts what another formatter writes. A record that cannot be written is written all the same."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return redact(super().format(record))
        except Exception as error:
            # Or `logging` would print the arguments, with their secrets.
            said = redact(f"{record.msg!s} {record.args!r}")
            return f"{record.levelname}: {record.name} logged what cannot be formatted ({error!r}): {said}"


class RedactingDefault(_Redacting, DefaultFormatter):
    """uvicorn's formatter, without secrets."""


class RedactingAccess(_Redacting, AccessFormatter):
    """uvicorn's formatter of requests, without secrets."""


def redacted_config() -> dict[str, Any]:
    """uvicorn's logging, redacted."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["default"]["()"] = RedactingDefault
    config["formatters"]["access"]["()"] = RedactingAccess
    return config
