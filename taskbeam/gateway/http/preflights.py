"""Who answers the preflights of other sites' pages: an application, for an included router cannot."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from starlette.middleware.cors import CORSMiddleware

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

logger = logging.getLogger(__name__)


def warn_of_preflights(passed: Iterable[object], allowed: Collection[str]) -> None:
    """Say so where browsers will refuse pages that are allowed.

    Args:
        passed: the applications and wrappers that a request passes on its way to the gateway.
        allowed: other sites' origins whose pages may use it.
    """
    if allowed and not any(map(_has_cors, passed)):
        logger.warning(
            "Pages of %s may use this gateway, but its application has no CORSMiddleware, which tells "
            "browsers so: unless something in front of it does, they refuse. Call "
            "taskbeam.gateway.install_browser_safety(app, live.settings.allowed_origins, live.hosts).",
            ", ".join(sorted(allowed)),
        )


def _has_cors(passed: Any) -> bool:
    kinds = [type(passed), *(middleware.cls for middleware in getattr(passed, "user_middleware", ()))]
    return any(isinstance(kind, type) and issubclass(kind, CORSMiddleware) for kind in kinds)
