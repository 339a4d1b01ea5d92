"""The icon of Home Screens: what browsers are told of it, and that it is the page's own."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from .icon import EDGE, drawn

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from .gallery import Gallery


def test_a_home_screen_is_given_the_page_s_icon(served: Gallery, page: Page, browser: Browser) -> None:
    page.goto(served.address)
    touch = page.locator("link[rel=apple-touch-icon]").evaluate("link => link.href")
    answer = page.request.get(touch)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    with Image.open(BytesIO(answer.body())) as icon:
        assert (icon.format, icon.size) == ("PNG", (EDGE, EDGE))
        # No corner is transparent, and none is round.
        shown = icon.convert("RGB")
        assert icon.convert("RGBA").getchannel("A").getextrema() == (255, 255)
    difference = ImageChops.difference(shown, drawn(browser)).convert("L")
    assert sum(difference.resize((32, 32)).histogram()[16:]) == 0


def test_the_manifest_names_icons_that_are_there(served: Gallery, page: Page) -> None:
    page.goto(served.address)
    address = page.locator("link[rel=manifest]").evaluate("link => link.href")
    manifest = page.request.get(address).json()
    kinds = {icon["type"] for icon in manifest["icons"]}
    assert kinds == {"image/svg+xml", "image/png"}
    for icon in manifest["icons"]:
        found = page.evaluate("([path, base]) => new URL(path, base).href", [icon["src"], address])
        assert page.request.get(found).headers["content-type"] == icon["type"]
