"""One cluster for all tests that leave it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.redis_cluster import redis_cluster

from .journals import Journals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.redis_cluster import Cluster


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose servers all live; who moves a slot moves it back."""
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made
        made.until_whole()


@pytest.fixture
def journals(cluster: Cluster) -> Iterator[Journals]:
    """Journals on it that a test writes."""
    made = Journals(cluster)
    yield made
    made.close()
