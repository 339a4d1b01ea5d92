"""``python -m tests.browser.icon``: `icon.png` of `favicon.svg`, for Home Screens, which show no SVG.

A Home Screen gives an icon its corners itself, and makes black what is transparent: so ours has none.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from tests.support.chromium import chromium
from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SOURCE, ICON = ROOT / "frontend/favicon.svg", ROOT / "frontend/icon.png"

#: Pixels of an edge: the largest that a manifest is asked for.
EDGE = 512


def drawn(browser: Browser) -> Image.Image:
    """The icon, as a browser draws it."""
    picture = SOURCE.read_text().replace(' rx="8"', "")
    with browser.new_context(viewport={"width": EDGE, "height": EDGE}) as context:
        page = context.new_page()
        page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{picture}")
        return Image.open(BytesIO(page.screenshot())).convert("RGB")


def main() -> None:
    """Write it, in few colours: there are two, and what lies between them at edges."""
    with chromium() as browser:
        drawn(browser).quantize(32).save(ICON, optimize=True)


if __name__ == "__main__":
    main()
