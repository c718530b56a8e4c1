"""What is wrong with answers: every question is named, no answer is repeated."""

from typing import Any

import pytest

from vpr_intake.answers import Answer, faults, given
from vpr_intake.catalogue import Category, Kind, Question

COLOURS = (("red", "Red"), ("blue", "Blue"))
CATEGORY = Category(
    "theft", "Theft", "Something was stolen.", "property",
    questions=(
        Question("what", Kind.STRING, "What?", required=True),
        Question("story", Kind.TEXT, "And then?"),
        Question("value", Kind.NUMBER, "Worth?"),
        Question("seen", Kind.DATETIME, "Last seen?"),
        Question("colour", Kind.SINGLE, "Colour?", options=COLOURS),
        Question("parts", Kind.MULTIPLE, "Parts?", options=COLOURS),
    ),
)  # fmt: skip


def wrong(**answers: Any) -> list[str]:
    found = list(faults(CATEGORY, {"what": "a bicycle"} | answers))
    assert not [detail for _, detail in found if "SECRET" in detail]
    return [code for code, _ in found]


@pytest.mark.parametrize(
    "answers",
    [
        {}, {"story": "x" * 2000}, {"value": "12.50"}, {"value": "-3"}, {"seen": "2026-05-04T20:00:00-05:00"},
        {"seen": "2026-05-04T20:00:00Z"}, {"colour": "red"}, {"parts": ["red", "blue"]}, {"parts": "red"},
    ],
)  # fmt: skip
def test_good_answers_are_taken(answers: dict[str, Answer]) -> None:
    assert wrong(**answers) == []


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("what", "x" * 201), ("what", ["a bicycle"]), ("what", "a\0b"), ("story", "a\0b"),
        ("value", "SECRET"), ("value", "1e9"), ("value", "nan"), ("value", "1" * 13), ("value", ["1"]), ("value", "٣"),
        ("seen", "SECRET"), ("seen", "2026-05-04T20:00:00"), ("seen", "0001-01-01T00:00:00+14:00"),
        ("colour", "SECRET"), ("colour", ["red"]), ("parts", ["red", "SECRET"]), ("parts", ["red", "red"]),
        ("parts", "SECRET"), ("wheels", "SECRET"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_named(code: str, answer: Answer) -> None:
    assert wrong(**{code: answer}) == [code]


def test_what_is_required_must_be_answered() -> None:
    assert [code for code, _ in faults(CATEGORY, {})] == ["what"]


def test_every_fault_is_told_at_once() -> None:
    assert {code for code, _ in faults(CATEGORY, {"wheels": "2", "value": "much"})} == {"wheels", "value", "what"}


def test_an_empty_answer_is_none() -> None:
    assert given({"a": "", "b": [], "c": [""], "d": "x"}) == {"d": "x"}
