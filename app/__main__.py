"""The entry point: ``python -m app`` serves the service."""

from __future__ import annotations

import sys

from taskbeam.gateway import CeleryConfigurationError, KeyConfigurationError
from taskbeam.gateway.server.run import serve

from .main import create_app
from .settings import Settings


def main() -> int:
    settings = Settings()
    try:
        return 0 if serve(create_app(settings), settings) else 3
    except (CeleryConfigurationError, KeyConfigurationError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
