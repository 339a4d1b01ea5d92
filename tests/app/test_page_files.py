"""The sample's page, bundled: compressed, and what has another name with another content is kept for ever."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import httpx
import pytest

from app.main import create_app
from app.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"console.log('a page');" * 100


@pytest.mark.parametrize(("path", "keep"), [("/", "no-cache"), ("/page/page-4CZ2LMPX.js", "immutable")])
def test_it_is_compressed(tmp_path: Path, path: str, keep: str) -> None:
    file = tmp_path / ("index.html" if path == "/" else path.lstrip("/"))
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(TEXT)
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(TEXT))
    app = create_app(Settings(auth="open", frontend_dir=tmp_path))

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            return await http.get(path, headers={"Accept-Encoding": "gzip"})

    answer = asyncio.run(get())
    assert (answer.status_code, answer.content) == (200, TEXT)
    assert answer.headers["content-encoding"] == "gzip"
    assert keep in answer.headers["cache-control"]
