"""`python -m app.new_key [EdDSA|HS256] [kid]`: a fresh key set for TASKBEAM_TOKEN_KEYS."""

from __future__ import annotations

import argparse
import json
import time

from taskbeam.gateway.auth.keys import new_key


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.new_key", description=__doc__)
    parser.add_argument("algorithm", nargs="?", choices=("EdDSA", "HS256"), default="EdDSA")
    parser.add_argument("kid", nargs="?", default=time.strftime("%Y-%m-%d", time.gmtime()))
    arguments = parser.parse_args()
    print(json.dumps({"keys": [new_key(arguments.algorithm, arguments.kid)]}))


if __name__ == "__main__":
    main()
