"""What triage makes of sessions that did not come about: counted once each, told, and never a silent end."""

from uuid import UUID

import pytest

from tests.examples import NOON, recorded
from vpr_events.contracts.case import CaseClosed, CaseEscalated, CaseNoShow, CaseOpened, CloseReason
from vpr_events.contracts.scheduled import SessionOfficerAbsent
from vpr_events.contracts.session import EndReason, SessionEnded
from vpr_events.contracts.values import Channel, Role
from vpr_events.testing import given
from vpr_triage.domain.case import case
from vpr_triage.domain.commands import NoteNoShow, NoteOfficerAbsent
from vpr_triage.domain.no_shows import NextStep, next_step
from vpr_triage.reactors import react

REPORT, FIRST, SECOND, THIRD = (UUID(int=number) for number in range(1, 5))
OPENED = CaseOpened(report_id=REPORT, category="theft", channel=Channel.WEB)
ONE, TWO = CaseNoShow(attempt=1, session_id=FIRST), CaseNoShow(attempt=2, session_id=SECOND)
TOLD = CaseEscalated(reason="no_show", to=Role.SUPERVISOR)


def missed(session: UUID) -> NoteNoShow:
    return NoteNoShow(at=NOON, session_id=session)


def test_a_supervisor_hears_of_the_second_no_show_and_of_each_after_it() -> None:
    given(case, OPENED).when(missed(FIRST)).then(ONE)
    given(case, OPENED, ONE).when(missed(SECOND)).then(TWO, TOLD)
    given(case, OPENED, ONE, TWO, TOLD).when(missed(THIRD)).then(CaseNoShow(attempt=3, session_id=THIRD), TOLD)


def test_each_session_counts_once_and_none_after_the_end() -> None:
    given(case, OPENED, ONE).when(missed(FIRST)).then()
    given(case, OPENED, ONE, TWO, TOLD).when(missed(FIRST)).then()
    closed = CaseClosed(reason=CloseReason.WITHDRAWN)
    given(case, OPENED, closed).when(missed(FIRST)).then()
    given(case, OPENED, closed).when(NoteOfficerAbsent(at=NOON)).then()
    given(case).when(missed(FIRST)).then_refused("no_such_case")


def test_an_absent_officer_is_told_and_is_no_no_show() -> None:
    absent = CaseEscalated(reason="officer_absent", to=Role.SUPERVISOR)
    given(case, OPENED).when(NoteOfficerAbsent(at=NOON)).then(absent)
    given(case, OPENED, absent).when(missed(FIRST)).then(ONE)


def test_what_comes_next_is_a_ladder() -> None:
    steps = [next_step(attempt) for attempt in (1, 2, 3, 4)]
    assert steps == [NextStep.RETRY, NextStep.PHONE, NextStep.REASSESS, NextStep.REASSESS]


@pytest.mark.parametrize("reason", EndReason)
def test_only_a_session_that_ended_as_a_no_show_is_one(reason: EndReason) -> None:
    ended = recorded(SessionEnded(reason=reason), entity=FIRST, report=REPORT)
    commands = [execution.command for execution in react(ended, NOON)]
    assert commands == ([missed(FIRST)] if reason is EndReason.NO_SHOW else [])


def test_an_officer_who_did_not_come_is_noted() -> None:
    told = recorded(SessionOfficerAbsent(resident_came=True), entity=FIRST, report=REPORT)
    assert [execution.command for execution in react(told, NOON)] == [NoteOfficerAbsent(at=NOON)]
