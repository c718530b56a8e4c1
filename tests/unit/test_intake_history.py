"""Deciding on past cases."""

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportHoldPlaced
from vpr_events.decider import Command
from vpr_events.event import new_id
from vpr_events.testing import given
from vpr_intake.domain.history import RecordCase, case_id, decide, history

CASE = HistoryCaseRecorded(source="sample", category="theft", filed_at=NOON, closed_at=NOON + minutes(90))
OTHER = CASE.model_copy(update={"closed_at": NOON})


def record(case: HistoryCaseRecorded) -> RecordCase:
    return RecordCase(at=NOON, case=case)


def test_a_new_case_is_recorded_as_it_is() -> None:
    given(history).when(record(CASE)).then(CASE)


def test_the_same_case_again_changes_nothing() -> None:
    given(history, CASE).when(record(CASE)).then()


def test_the_same_moments_in_another_zone_are_the_same_case() -> None:
    body = {"source": "sample", "category": "theft", "filed_at": "2026-05-04T07:00:00-05:00"}
    again = HistoryCaseRecorded.model_validate({**body, "closed_at": "2026-05-04T08:30:00-05:00"})
    given(history, CASE).when(record(again)).then()


def test_a_case_is_never_recorded_differently() -> None:
    given(history, CASE).when(record(OTHER)).then_refused("recorded_differently")


def test_a_foreign_command_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        decide(Command(at=NOON), None)


def test_events_of_no_concern_change_no_state() -> None:
    assert history.fold([CASE, ReportHoldPlaced(hold_id=new_id(), placed_by=new_id())]) == CASE


ids = st.text(min_size=1, max_size=8)


@given_any(ids, ids, ids, ids)
def test_a_record_has_one_id_and_shares_it_with_no_other(source: str, number: str, other: str, another: str) -> None:
    assert case_id(source, number) == case_id(source, number)
    if (source, number) != (other, another) and "\n" not in source + other:
        assert case_id(source, number) != case_id(other, another)
