"""`POST /images`: the bytes go to the folder that the worker reads, and only their name to the broker."""

from __future__ import annotations

import json
import socket
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
import redis

from taskbeam.gateway import problems
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import PATHS, gateway
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

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


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_the_bytes_are_stored_and_only_their_name_is_sent(
    http: httpx.Client, queue: redis.Redis, uploads: Path
) -> None:
    answer = http.post("/images", content=PICTURE)
    task_id, name = answer.json()["task_id"], sha256(PICTURE).hexdigest()
    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["urls"]["self"] == f"/tasks/{task_id}"
    assert (uploads / name).read_bytes() == PICTURE
    (message,) = queue.lrange("images", 0, -1)
    assert json.loads(message)["headers"]["kwargsrepr"] == repr({"upload": name})
    assert http.get(f"/tasks/{task_id}").json()["name"] == "images.resize"


def test_a_body_without_a_length_is_measured_as_it_comes(http: httpx.Client, uploads: Path) -> None:
    pieces = [b"piece"] * 1000
    assert http.post("/images", content=iter(pieces)).status_code == 202
    assert (uploads / sha256(b"".join(pieces)).hexdigest()).exists()


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
        client.sendall(b"POST /images HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
        wait_until(lambda: len(names(uploads)) == len(before) + 1)
    wait_until(lambda: names(uploads) == before)
    assert queue.llen("images") == 0


def test_uploads_are_not_served(http: httpx.Client) -> None:
    name = sha256(PICTURE).hexdigest()
    for path in (f"/uploads/{name}", f"/files/uploads/{name}", f"/files/..%2fuploads/{name}"):
        assert_problem(http.get(path), problems.NOT_FOUND)
