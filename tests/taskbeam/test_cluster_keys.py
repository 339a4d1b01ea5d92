"""The names of tasks on a Redis Cluster: whatever an id and a prefix are, in the slot of Celery's own key."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st
from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot

from taskbeam.journal.cluster_keys import ClusterKeys, _tags
from taskbeam.journal.keys import CELERY_PREFIX, TaskKeys, head_of

#: Any text, and above all braces, and what Taskbeam's and Celery's own names are made of.
texts = st.lists(
    st.one_of(
        st.sampled_from(["{", "}", ":", "a", "app", ":head", ":log", "0", CELERY_PREFIX, "taskbeam"]),
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=3),
    ),
    max_size=8,
).map("".join)

#: What Celery puts before an id: `global_keyprefix`, and what its own keys begin with.
prefixes = texts.map(lambda text: text + CELERY_PREFIX)

NAMES = ("head", "log", "tombstone", "output", "channel", "hearers")


def names(keys: TaskKeys) -> list[str]:
    """All of a task's, with that of its result."""
    return [keys.result, *(getattr(keys, name) for name in NAMES)]


@given(prefixes, texts)
@example("{app}" + CELERY_PREFIX, "7")
@example(CELERY_PREFIX, "a{b}c")
@example(CELERY_PREFIX, "a}b")
@example(CELERY_PREFIX, "{}x")
@example(CELERY_PREFIX, "a}b{c}d")
@example(CELERY_PREFIX, "a{b")
@example("{" + CELERY_PREFIX, "a}b")
def test_all_are_in_the_slot_of_celerys_key(prefix: str, task_id: str) -> None:
    keys = ClusterKeys(prefix + task_id)
    assert keys.result == prefix + task_id
    assert {key_slot(name.encode()) for name in names(keys)} == {key_slot(keys.result.encode())}


@given(prefixes, texts, texts)
@example(CELERY_PREFIX, "{b}", "{b}:head")
@example("{app}" + CELERY_PREFIX, "7", "7:head")
@example("{" + CELERY_PREFIX, "x}y", "x}{" + CELERY_PREFIX + "x}y:head")
@example("::" + CELERY_PREFIX, "{b}", ":{b}:head")
def test_no_two_tasks_share_a_name(prefix: str, one: str, other: str) -> None:
    assume(one != other)
    found = names(ClusterKeys(prefix + one)) + names(ClusterKeys(prefix + other))
    assert len(set(found)) == len(found)


@given(prefixes, texts)
def test_a_name_is_nobodys_result(prefix: str, task_id: str) -> None:
    """Of whatever task: what a name of ours begins with, no key of Celery's with this prefix does."""
    assert [name for name in names(ClusterKeys(prefix + task_id)) if name.startswith(prefix)] == [
        prefix + task_id
    ]


@given(prefixes, texts)
def test_the_head_is_told_by_the_channel(prefix: str, task_id: str) -> None:
    keys = ClusterKeys(prefix + task_id)
    assert head_of(keys.channel.encode()) == keys.head.encode()


@given(prefixes, texts, texts)
def test_a_task_knows_the_names_of_another(prefix: str, one: str, other: str) -> None:
    assert ClusterKeys(prefix + one).of(one, other) == ClusterKeys(prefix + other)


def test_usual_ones_are_as_on_one_server() -> None:
    usual = CELERY_PREFIX + "0b9dd3a5-7b3e-4f3e-9d3c-7f3f0c9d3a5e"
    assert names(ClusterKeys(usual)) == names(TaskKeys(usual))


def test_there_is_a_tag_for_each_slot() -> None:
    assert sorted(_tags()) == list(range(SLOTS))
    assert all(key_slot(b"{%s}" % tag.encode()) == of for of, tag in _tags().items())
