"""Grouping of writes: whatever the list, each entity's writes keep their order and none is lost or doubled."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from vpr_events.writes import Write, grouped

STATEMENTS = [text(f"statement {number}") for number in range(4)]
LISTS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)))


def writes_of(pairs: list[tuple[str, int]]) -> list[Write]:
    """One write a pair, numbered in its values."""
    return [
        Write(entity, STATEMENTS[statement], {"number": number, "entity": entity})
        for number, (entity, statement) in enumerate(pairs)
    ]


@given(LISTS)
def test_every_write_is_there_once_under_its_own_statement(pairs: list[tuple[str, int]]) -> None:
    writes = writes_of(pairs)
    run = [(id(statement), values["number"]) for statement, rows in grouped(writes) for values in rows]
    assert Counter(run) == Counter((id(write.statement), write.values["number"]) for write in writes)


@given(LISTS)
def test_the_writes_of_one_entity_keep_their_order(pairs: list[tuple[str, int]]) -> None:
    run = [values for _, rows in grouped(writes_of(pairs)) for values in rows]
    for entity in "abcd":
        numbers = [values["number"] for values in run if values["entity"] == entity]
        assert numbers == sorted(numbers)


@given(st.integers(1, 50))
def test_the_same_writes_of_many_entities_are_few_statements(count: int) -> None:
    writes = [Write(entity, STATEMENTS[step], {}) for entity in range(count) for step in (0, 1, 2)]
    assert [(statement, len(rows)) for statement, rows in grouped(writes)] == [
        (statement, count) for statement in STATEMENTS[:3]
    ]
