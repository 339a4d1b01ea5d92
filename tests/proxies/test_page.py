"""docs/proxies.md shows the files that the tests run, and only Traefik may be lacking."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.reverse_proxies import ALL, FILES, TRAEFIK, ReverseProxy

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = FILES.with_suffix(".md")


def test_the_page_includes_each_file_that_is_run() -> None:
    shown = re.findall(r"\{literalinclude\} proxies/(\S+)", PAGE.read_text())
    assert sorted(shown) == sorted(name for proxy in ALL for name in proxy.files)
    assert sorted(shown) == sorted(path.name for path in FILES.iterdir())


@pytest.mark.parametrize("proxy", ALL, ids=lambda proxy: proxy.name)
def test_each_proxy_takes_part(proxy: ReverseProxy, record_property: Callable[[str, object], None]) -> None:
    if proxy is TRAEFIK and not proxy.found:
        record_property("lacking", f"{proxy.name}: not installed, so its configuration was not tried")
        return
    assert proxy.found, f"no {proxy.command[0]}: run `python -m tests.support.reverse_proxies`"
