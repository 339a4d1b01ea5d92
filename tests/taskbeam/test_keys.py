"""The names in Redis: few, spelt once, and on one cluster slot."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from taskbeam.journal.keys import head_of, task_keys

#: Celery makes UUIDs; an application may choose any text, braces excepted (they are Redis's hash tags).
task_ids = st.text(alphabet=st.characters(exclude_characters="{}", exclude_categories=["Cs"]), min_size=1)


class TestNames:
    @given(task_ids)
    def test_all_names_of_a_task_share_the_slot_of_celerys_result_key(self, task_id: str) -> None:
        keys = task_keys(task_id)
        slot = key_slot(keys.result.encode())
        assert {key_slot(name.encode()) for name in (keys.head, keys.log, keys.channel)} == {slot}

    def test_the_result_key_is_celerys_own(self) -> None:
        assert task_keys("7").result == "celery-task-meta-7"
        assert task_keys("7", "app1_celery-task-meta-").result == "app1_celery-task-meta-7"

    def test_no_name_stands_for_two_things(self) -> None:
        keys = task_keys("7")
        assert len({keys.result, keys.head, keys.log, keys.channel}) == 4

    @given(task_ids)
    def test_the_head_is_told_by_the_channel(self, task_id: str) -> None:
        keys = task_keys(task_id)
        assert head_of(keys.channel.encode()) == keys.head.encode()
