"""Read what Celery has stored of a task, with whichever serializer, without executing any of it."""

from __future__ import annotations

import bz2
import json
import pickletools
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Bytes that are decoded of one result, and that a compressed one may become. Of a larger one the status is
#: read.
MAX_BYTES = 1024 * 1024

#: The same of YAML, whose parser is slow.
MAX_YAML_BYTES = 32 * 1024

#: Characters of the state, as JSON and YAML have it.
_STATUS = re.compile(rb"""["']?status["']?\s*:\s*["']?([^"',}\n]{1,255})""")

#: Bytes in which the status of a larger one is looked for: Celery writes it first, YAML last.
_EDGE = 512


class UnreadableMetaError(ValueError):
    """What is stored cannot be read; says why."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What is told of a stored result. Never the arguments of the task, nor its traceback.

    ``result`` is a result, a progress meta, or an exception as Celery spells it; ``omitted``: it is not read
    though it may be there. ``retries`` and ``name`` are None unless `result_extended` is configured.
    """

    status: str
    result: Any = None
    omitted: bool = False
    name: str | None = None
    retries: int | None = None


def read_meta(stored: bytes) -> Meta:
    """Read a stored result. Raises `UnreadableMetaError`."""
    data, found = _members(stored)
    if found is None:
        return Meta(_pickled_status(data) if _is_pickle(data) else _status_of(data), omitted=True)
    name, retries = found.get("name"), found.get("retries")
    return Meta(
        found["status"],
        found.get("result"),
        name=name if isinstance(name, str) else None,
        retries=retries if isinstance(retries, int) and not isinstance(retries, bool) else None,
    )


def all_members(stored: bytes, loads: Callable[[bytes], Any] | None = None) -> dict[str, Any] | None:
    """All that Celery has stored, arguments and traceback included: for operators alone.

    ``loads`` decodes it where it is JSON; by default dates, numbers and ids stay text. None where it is a
    pickle, or too large. Raises `UnreadableMetaError`.
    """
    return _members(stored, loads or _from_json)[1]


def _members(
    stored: bytes, loads: Callable[[bytes], Any] | None = None
) -> tuple[bytes, dict[str, Any] | None]:
    """What is stored, decompressed; and its members, None where they are there and not read."""
    whole, data = _inflated(stored)
    if _is_pickle(data):
        return data, None
    decode = _decoder(data)
    if loads is not None and decode is _from_json:
        decode = loads
    limit = MAX_YAML_BYTES if decode is _from_yaml else MAX_BYTES
    if not whole or len(data) > limit:
        return data, None
    try:
        found = decode(data)
    except _OmittedError:
        return data, None
    except Exception as error:  # what a decoder raises of foreign data is anything
        raise UnreadableMetaError(f"it cannot be decoded: {error!r:.200}") from error
    if not isinstance(found, dict) or not isinstance(found.get("status"), str):
        raise UnreadableMetaError("it has no status")
    return data, found


class _OmittedError(Exception):
    """It may be decoded, and is not."""


class _Inflater(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


#: The first bytes of what Celery compresses, and who undoes it. A zlib stream has one of four second bytes.
_INFLATERS: Mapping[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 16),
    b"BZh": bz2.BZ2Decompressor,
    b"\x78\x01": zlib.decompressobj,
    b"\x78\x5e": zlib.decompressobj,
    b"\x78\x9c": zlib.decompressobj,
    b"\x78\xda": zlib.decompressobj,
}


def _inflated(stored: bytes) -> tuple[bool, bytes]:
    """Whether it is all of it, and what was compressed; no more than `MAX_BYTES` of that is ever made."""
    make = next((make for magic, make in _INFLATERS.items() if stored.startswith(magic)), None)
    if make is None:
        return True, stored
    inflater: _Inflater = make()
    try:
        data = inflater.decompress(stored, MAX_BYTES)
    except (OSError, ValueError, zlib.error) as error:
        raise UnreadableMetaError(f"it cannot be decompressed: {error!r:.200}") from error
    return len(data) < MAX_BYTES, data


def _status_of(data: bytes) -> str:
    found = _STATUS.search(data[:_EDGE]) or _STATUS.search(data[-_EDGE:])
    if found is None:
        raise UnreadableMetaError("it is too large to be decoded, and its status is nowhere near its ends")
    return found[1].decode(errors="replace").strip()


# Serializers.


def _is_pickle(data: bytes) -> bool:
    """Protocols 2 to 5 begin with their number, 0 and 1 with a dictionary."""
    return (data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")) or data.startswith(
        (b"(d", b"}q", b"}(")
    )


#: Operations whose argument is no value of the pickle.
_MEMO = frozenset({"GET", "PUT", "GLOBAL"})


def _pickled_status(data: bytes) -> str:
    """Of a pickle nothing is ever loaded: its operations are listed until the status has come."""
    follows = False
    try:
        for operation, value, _ in pickletools.genops(data[:MAX_BYTES]):
            if isinstance(value, str) and operation.name not in _MEMO:
                if follows:
                    return value
                follows = value == "status"
    except Exception as error:
        raise UnreadableMetaError(f"it is no pickle: {error!r:.200}") from error
    raise UnreadableMetaError("it is a pickle whose status cannot be found")


def _decoder(data: bytes) -> Callable[[bytes], Any]:
    first = data[:1]
    if first == b"{":
        return _from_json
    if first and (0x80 <= first[0] <= 0x8F or first in (b"\xde", b"\xdf")):
        return _from_msgpack
    return _from_yaml


def _from_json(data: bytes) -> Any:
    return json.loads(data, object_hook=_plain)


def _plain(found: dict[str, Any]) -> Any:
    """What Kombu's JSON writes for a type that JSON has not: dates, numbers and ids stay text."""
    if found.keys() != {"__type__", "__value__"}:
        return found
    value = found["__value__"]
    if found["__type__"] == "uuid" and isinstance(value, dict):
        return str(UUID(hex=str(value.get("hex"))))
    return value


def _from_msgpack(data: bytes) -> Any:
    try:
        import msgpack  # type: ignore[import-untyped] # only where such a result comes
    except ImportError:
        raise UnreadableMetaError("it is msgpack, which is not installed here: pip install msgpack") from None
    return msgpack.unpackb(data, strict_map_key=False)


def _from_yaml(data: bytes) -> Any:
    if b"&" in data:
        raise _OmittedError  # an anchor: a few of them may stand for a billion values
    try:
        import yaml
    except ImportError:
        raise _OmittedError from None
    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
