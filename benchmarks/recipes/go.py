"""What both peers written in Go share: a small main module of this folder, compiled with its dependencies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from .. import obtain as obtaining
from .recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .recipe import Site

COMPILER = ("go", "build")


class GoRecipe(Recipe):
    """A Go program on one CPU, as the others are."""

    heavy: ClassVar[bool] = True
    #: The folder of the main module, and the module in it that is measured.
    main: ClassVar[str]
    module: ClassVar[str]

    @property
    def folder(self) -> Path:
        return Path(__file__).with_name(self.main)

    @property
    def program(self) -> str:
        """The compiled program."""
        return str(obtaining.compiled(COMPILER, self.folder, obtain=False))

    def prepare(self, *, obtain: bool) -> str:
        obtaining.compiled(COMPILER, self.folder, obtain=obtain)
        requirement = re.search(
            rf"{self.module} v(\S+)", (self.folder / "go.mod").read_text(encoding="utf-8")
        )
        assert requirement is not None
        return f"{self.module} {requirement[1]}"

    def environment(self, site: Site) -> Mapping[str, str]:  # noqa: ARG002
        return {"GOMAXPROCS": "1"}
