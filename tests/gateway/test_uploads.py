"""`POST /images`: the bytes go to the folder that the worker reads, and only their name to the broker."""

from __future__ import annotations

import asyncio
import errno
import hmac
import json
import os
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis

from app import uploads as uploads_module
from app.main import create_app
from app.settings import Settings
from taskbeam.gateway import problems
from taskbeam.storage.room import BLOCK, owner_folder
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import PATHS, gateway
from tests.support.small_disk import empty, fill, lacking, small_disk
from tests.support.tokens import API_KEY, TOKENS, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

LIMIT = 100_000
PICTURE = bytes(range(256)) * 100


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "uploads"


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, valkey: Valkey, uploads: Path) -> Iterator[Gateway]:
    server = valkey.url().removesuffix("/0")
    with gateway(server, request.param, uploads_dir=uploads, max_upload_bytes=LIMIT) as running:
        yield running


@pytest.fixture
def queue(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url(0)) as broker:
        broker.delete("images")
        yield broker


def name_of(content: bytes, owner: str = "") -> str:
    return hmac.digest(owner.encode(), content, "sha256").hex()


def names(folder: Path) -> set[str]:
    """Of all files there are, also in owners' folders."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_bytes_are_stored_and_only_their_name_is_sent(
    http: httpx.Client, queue: redis.Redis, uploads: Path
) -> None:
    answer = http.post("/images", content=PICTURE)
    task_id, name = answer.json()["task_id"], name_of(PICTURE)
    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["urls"]["self"] == f"/tasks/{task_id}"
    assert (uploads / name).read_bytes() == PICTURE
    (message,) = queue.lrange("images", 0, -1)
    assert json.loads(message)["headers"]["kwargsrepr"] == repr({"upload": name})
    assert http.get(f"/tasks/{task_id}").json()["name"] == "images.resize"


def test_a_body_without_a_length_is_measured_as_it_comes(http: httpx.Client, uploads: Path) -> None:
    pieces = [b"piece"] * 1000
    assert http.post("/images", content=iter(pieces)).status_code == 202
    assert (uploads / name_of(b"".join(pieces))).exists()


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_too_much_is_refused_and_leaves_nothing(
    http: httpx.Client, queue: redis.Redis, uploads: Path, chunked: bool
) -> None:
    before = names(uploads)
    content = b"x" * (LIMIT + 1)
    answer = http.post("/images", content=iter([content]) if chunked else content)
    assert_problem(answer, problems.TOO_LARGE)
    assert names(uploads) == before
    assert queue.llen("images") == 0


def test_nothing_is_refused(http: httpx.Client) -> None:
    assert_problem(http.post("/images"), problems.BAD_REQUEST)


def test_a_form_is_refused(http: httpx.Client) -> None:
    assert_problem(http.post("/images", files={"picture": PICTURE}), problems.BAD_REQUEST)


def test_the_same_key_is_the_same_task(http: httpx.Client, queue: redis.Redis) -> None:
    headers = {"Idempotency-Key": f"picture-{http.base_url.port}"}
    ids = {http.post("/images", content=PICTURE, headers=headers).json()["task_id"] for _ in range(2)}
    assert len(ids) == 1
    assert queue.llen("images") == 1
    other = http.post("/images", content=b"another", headers=headers)
    assert_problem(other, problems.IDEMPOTENCY_CONFLICT)


def test_who_hangs_up_leaves_nothing(served: Gateway, queue: redis.Redis, uploads: Path) -> None:
    before = names(uploads)
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        head = b"POST /images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
        client.sendall(head + b"x" * 500)
        wait_until(lambda: len(names(uploads)) == len(before) + 1)
    wait_until(lambda: names(uploads) == before)
    assert queue.llen("images") == 0


def test_uploads_are_not_served(http: httpx.Client) -> None:
    name = name_of(PICTURE)
    for path in (f"/uploads/{name}", f"/files/uploads/{name}", f"/files/..%2fuploads/{name}"):
        assert_problem(http.get(path), problems.NOT_FOUND)


def test_what_another_owner_uploaded_is_another_file(valkey: Valkey, tmp_path: Path) -> None:
    """So neither the words, the time nor the names of a job tell that others have the same picture."""
    server = valkey.url().removesuffix("/0")
    with gateway(server, uploads_dir=tmp_path, **TOKENS) as served:
        for owner in ("ada", "bob", "ada"):
            headers = {"Authorization": f"Bearer {sign(owner=owner, scope='send')}"}
            assert httpx.post(f"{served.http}/images", content=PICTURE, headers=headers).status_code == 202
    assert names(tmp_path) == {f"{owner_folder(each)}/{name_of(PICTURE, each)}" for each in ("ada", "bob")}


def upload_for(served: Gateway, owner: str | None, content: bytes) -> httpx.Response:
    headers = {"X-API-Key": API_KEY} | ({"Taskbeam-Owner": owner} if owner is not None else {})
    return httpx.post(f"{served.http}/images", content=content, headers=headers, timeout=60)


@pytest.mark.parametrize("path", PATHS)
def test_an_owners_uploads_have_a_bound_and_so_have_all(valkey: Valkey, tmp_path: Path, path: str) -> None:
    """Also those that were there before, and however few bytes each has."""
    limits = {"uploads_max_bytes": 10 * BLOCK, "uploads_max_bytes_per_owner": 4 * BLOCK}
    before = tmp_path / owner_folder("ada") / name_of(b"before", "ada")
    before.parent.mkdir()
    before.write_bytes(b"before")
    with gateway(valkey.url().removesuffix("/0"), path, uploads_dir=tmp_path, **TOKENS | limits) as served:
        answers = [upload_for(served, "ada", bytes([number])) for number in range(5)]
        assert [each.status_code for each in answers] == [202, 202, 202, 507, 507]
        assert_problem(answers[-1], problems.INSUFFICIENT_STORAGE)
        assert str(4 * BLOCK) in answers[-1].json()["detail"]
        assert upload_for(served, "bob", b"a").status_code == 202
        assert upload_for(served, "bob", bytes(3 * BLOCK + 1)).status_code == 507
        assert [upload_for(served, None, bytes([number])).status_code for number in range(6)] == [202] * 5 + [
            507
        ]
    assert len(names(tmp_path)) == 10


NO_DISK = lacking()


@pytest.mark.skipif(bool(NO_DISK), reason=NO_DISK)
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_a_full_disk_is_told_and_nothing_is_left_on_it(
    valkey: Valkey, queue: redis.Redis, tmp_path: Path, chunked: bool
) -> None:
    """It fills up while the upload comes in; as soon as there is room, the same upload is taken."""
    content = bytes(2_000_000)
    with (
        small_disk(tmp_path, 1),
        gateway(valkey.url().removesuffix("/0"), uploads_dir=tmp_path) as served,
        httpx.Client(base_url=served.http, timeout=60) as http,
    ):
        answer = http.post("/images", content=iter([content]) if chunked else content)
        assert_problem(answer, problems.INSUFFICIENT_STORAGE)
        fill(tmp_path)
        assert_problem(http.post("/images", content=PICTURE), problems.INSUFFICIENT_STORAGE)
        assert names(tmp_path) == {"filler"}
        assert queue.llen("images") == 0
        empty(tmp_path)
        assert http.post("/images", content=PICTURE).status_code == 202


class FullFile:
    """A file on a disk that turns out to be full when it is written, or as late as when it is closed."""

    def __init__(self, number: int) -> None:
        self._error = OSError(number, os.strerror(number))

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_what_a_full_disk_says_is_no_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    made: Any = vars(uploads_module)["NamedTemporaryFile"]

    def full(**given: Any) -> Any:
        with made(**given) as file:
            broken: Any = FullFile(number)
            broken.name = file.name
            return broken

    monkeypatch.setattr(uploads_module, "NamedTemporaryFile", full)
    app = create_app(
        Settings(auth="open", uploads_dir=tmp_path, result_backend="taskbeam+redis://127.0.0.1:1")
    )
    transport = httpx.ASGITransport(app)

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post("/images", content=PICTURE)

    assert_problem(asyncio.run(post()), problems.INSUFFICIENT_STORAGE)
    assert names(tmp_path) == set()
