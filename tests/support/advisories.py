"""``python -m tests.support.advisories``: no installed package has a known weakness.

Passes with a message where no source of advisories can be reached: a build without a network is no worse.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

#: Known to be weak, so a source that has nothing against it is none.
KNOWN = "jinja2==2.4.1"

PIP_AUDIT = (sys.executable, "-m", "pip_audit", "--progress-spinner=off", "--timeout=5")

#: Seconds.
PROBE_TIMEOUT = 20
TIMEOUT = 120


def is_reachable() -> bool:
    """Whether the source answers, and knows what is known."""
    with TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(KNOWN + "\n")
        argv = [*PIP_AUDIT, "--format=json", "--disable-pip", "--no-deps", f"--requirement={requirements}"]
        try:
            found = subprocess.run(argv, capture_output=True, check=False, timeout=PROBE_TIMEOUT).stdout
            return any(package.get("vulns") for package in json.loads(found)["dependencies"])
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return False


def main() -> int:
    if not is_reachable():
        print("Advisories: skipped, no source of them can be reached.")
        return 0
    try:
        return subprocess.run(
            [*PIP_AUDIT, "--local", "--skip-editable"], check=False, timeout=TIMEOUT
        ).returncode
    except subprocess.TimeoutExpired:
        print("Advisories: skipped, their source is too slow.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
