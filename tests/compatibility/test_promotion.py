"""Another server takes the place of the one that had the results; only of a version that is asked for.

`make chaos` has these faults with more clients, on the server of the wheel.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.stage import Stage
from tests.faults.table import FAULTS
from tests.faults.trial import Crowd, strike

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    "config.getoption('--redis-server') is None", reason="of a version that is asked for"
)

CROWD = Crowd(clients=24, seed=14)


@pytest.mark.parametrize("name", ["Sentinel failover", "replica promoted, with lag"])
def test_no_client_notices_a_promotion(tmp_path: Path, name: str) -> None:
    fault = replace(FAULTS[name], lasts=2.0)
    with Stage(tmp_path, fault.plan) as stage:
        outcome = strike(stage, fault, CROWD)
    assert outcome.broken == [], outcome
