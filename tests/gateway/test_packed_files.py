"""Files that lie beside themselves compressed: who gets which, and for how long it may be kept."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import httpx
import pytest

from taskbeam.gateway import Files
from taskbeam.gateway.http.packed import accepted

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT, HASHED = "page.js", "page-4CZ2LMPX.js"
#: No client unpacks these, so an answer says which file it is.
PLAIN, BROTLI, GZIP = b"plain, and longer", b"in brotli", b"gzipped"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (SCRIPT, HASHED, "alone.js"):
        (tmp_path / name).write_bytes(PLAIN)
    (tmp_path / f"{SCRIPT}.br").write_bytes(BROTLI)
    (tmp_path / f"{SCRIPT}.gz").write_bytes(GZIP)
    return tmp_path


def ask(
    files: Files, name: str = SCRIPT, method: str = "GET", **headers: str
) -> tuple[int, httpx.Headers, bytes]:
    """Status, headers, and the body as it stands on the wire."""
    named = {"accept-encoding": ""} | {name.replace("_", "-"): value for name, value in headers.items()}

    async def asked() -> tuple[int, httpx.Headers, bytes]:
        transport = httpx.ASGITransport(files)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
            client.stream(method, f"/{name}", headers=named) as answer,
        ):
            return answer.status_code, answer.headers, b"".join([each async for each in answer.aiter_raw()])

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("accept", "coding", "body"),
    [
        ("gzip, deflate, br, zstd", "br", BROTLI),
        ("gzip, deflate", "gzip", GZIP),
        ("br;q=0, gzip;q=0.5", "gzip", GZIP),
        ("*", "br", BROTLI),
        ("BR", "br", BROTLI),
        ("gzip;q=0, *;q=0", None, PLAIN),
        ("identity", None, PLAIN),
        ("br;q=much", None, PLAIN),
        ("", None, PLAIN),
    ],
)
def test_who_takes_it_gets_it_compressed(folder: Path, accept: str, coding: str | None, body: bytes) -> None:
    status, headers, found = ask(Files(directory=folder, packed=True), accept_encoding=accept)
    assert (status, headers.get("content-encoding"), found) == (200, coding, body)
    assert headers["content-length"] == str(len(body))
    assert headers["content-type"].startswith("text/javascript")
    assert headers["vary"] == "Accept-Encoding"


def test_head_says_the_same(folder: Path) -> None:
    _, headers, body = ask(Files(directory=folder, packed=True), method="HEAD", accept_encoding="br")
    assert (headers["content-encoding"], headers["content-length"], body) == ("br", str(len(BROTLI)), b"")


def test_a_file_that_is_alone_goes_as_it_is(folder: Path) -> None:
    _, headers, body = ask(Files(directory=folder, packed=True), "alone.js", accept_encoding="br, gzip")
    assert ("content-encoding" in headers, body) == (False, PLAIN)


def test_each_form_has_a_tag_of_its_own(folder: Path) -> None:
    files = Files(directory=folder, packed=True)
    tags = {coding: ask(files, accept_encoding=coding)[1]["etag"] for coding in ("br", "gzip", "")}
    assert len(set(tags.values())) == 3
    for coding, tag in tags.items():
        status, headers, body = ask(files, accept_encoding=coding, if_none_match=tag)
        assert (status, headers["vary"], headers["etag"], body) == (304, "Accept-Encoding", tag, b"")


def test_a_part_is_one_of_the_file_as_it_is(folder: Path) -> None:
    status, headers, body = ask(Files(directory=folder, packed=True), accept_encoding="br", range="bytes=0-4")
    assert (status, "content-encoding" in headers, body) == (206, False, b"plain")


@pytest.mark.parametrize("private", [True, False])
def test_a_folder_that_nobody_packed_goes_as_it_is(folder: Path, private: bool) -> None:
    """There `page.js.gz` is somebody's file, and older than `page.js` perhaps."""
    _, headers, body = ask(Files(directory=folder, private=private), accept_encoding="br, gzip")
    assert ("content-encoding" in headers, body) == (False, PLAIN)
    assert "Accept-Encoding" not in headers.get("vary", "")


def test_a_packed_form_that_is_no_file_of_the_folder_is_none(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As the file itself would be: a link that leads out, or a directory."""
    secret = tmp_path_factory.mktemp("outside") / "secret"
    secret.write_bytes(b"secret")
    (folder / "alone.js.br").symlink_to(secret)
    (folder / "alone.js.gz").mkdir()
    files = Files(directory=folder, packed=True)
    status, headers, body = ask(files, "alone.js", accept_encoding="br, gzip")
    assert (status, "content-encoding" in headers, body) == (200, False, PLAIN)


def test_a_packed_form_that_we_may_not_read_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: not str(path).endswith(".br"))
    _, headers, body = ask(Files(directory=folder, packed=True), accept_encoding="br, gzip")
    assert (headers["content-encoding"], body) == ("gzip", GZIP)


@pytest.mark.parametrize(
    ("name", "options", "kept"),
    [
        (HASHED, {"hashed": True}, "public, max-age=31536000, immutable"),
        (HASHED, {}, "no-cache"),  # somebody's file of the second of a year, perhaps
        (HASHED, {"hashed": True, "private": True}, "private, no-cache"),
        (SCRIPT, {"hashed": True}, "no-cache"),
    ],
)
def test_a_name_that_changes_with_its_content_is_kept_for_ever(
    folder: Path, name: str, options: dict[str, bool], kept: str
) -> None:
    assert ask(Files(directory=folder, **options), name)[1]["cache-control"] == kept


def test_the_best_comes_first() -> None:
    assert accepted("gzip, br;q=0.1") == ("br", "gzip")
