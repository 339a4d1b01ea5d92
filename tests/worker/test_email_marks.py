"""The mark of a message is made by one job only, on every database."""

import pytest

from worker.database import Database
from worker.emails.errors import BeingSentError
from worker.emails.marks import Receipt, claim, find_mark, record, release

RECEIPT = Receipt(key="k", to="zoe@example.com", message_id="<1@x>", sent_at=1_763_800_000.125, reply="Taken")


def claimed(database: Database, key: str = "k") -> bool:
    with database.session() as session:
        return claim(session, key, "zoe@example.com", "<1@x>", now=1_763_800_000.0)


def test_a_claim_a_release_and_a_receipt(empty_database: str) -> None:
    database = Database(empty_database)
    assert claimed(database)
    assert not claimed(database)
    assert claimed(database, "another")
    with database.session() as session:
        mark = find_mark(session, "k")
        assert mark is not None
        with pytest.raises(BeingSentError):
            mark.settled(now=1_763_800_001.0)
        release(session, "k")
        assert find_mark(session, "k") is None
    assert claimed(database)
    with database.session() as session:
        record(session, RECEIPT)
        release(session, "k")  # what is sent stays sent
        mark = find_mark(session, "k")
    assert mark is not None
    assert mark.settled(now=0.0) == RECEIPT
    assert not claimed(database)
