"""Browsers are served what they load, and nothing else that lies beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.gateway.http.browser_files import FOLDER

if TYPE_CHECKING:
    import httpx

#: Suffixes of what is a part of the product for a browser.
LOADED = {".css", ".html", ".js", ".svg", ".map"}


@pytest.mark.parametrize(
    "path",
    [
        "/README.md",
        "/CONTRIBUTING.md",
        "/LICENSE",
        "/package.json",
        "/tsconfig.json",
        "/tools/bundle.js",
        "/client/../package.json",
        "/client/%2e%2e/package.json",
        "/client/..%2Fpackage.json",
        "/client/..%2Ftools/bundle.js",
        "/client/..%2Findex.html",
        "/element/typed.d.ts",
        "/client/",
        "/client/.eslintrc",
    ],
)
def test_what_is_for_developers_is_not_served(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_of_each_folder_only_what_browsers_load_is_served(http: httpx.Client) -> None:
    found = [
        file.relative_to(FOLDER)
        for folder in ("client", "element", "look")
        for file in (FOLDER / folder).rglob("*")
        if file.is_file()
    ]
    assert found
    for file in found:
        expected = 200 if file.suffix in LOADED else 404
        assert http.get(f"/{file.as_posix()}").status_code == expected, file
