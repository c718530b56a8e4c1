"""Appointments of a case: booked and moved by its holder, beside the first time on offer; over with the case."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.examples import NOON, minutes
from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseDuplicateLinked,
    CaseOpened,
    CloseReason,
    Outcome,
)
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command, Invalid
from vpr_events.event import Event, derived_id, new_id
from vpr_events.testing import given
from vpr_triage.domain.appointments import AGREEING, FURTHEST, CancelReason
from vpr_triage.domain.case import LEASE, case, case_id
from vpr_triage.domain.commands import BookAppointment, CancelAppointment, CloseCase, LinkDuplicate
from vpr_triage.domain.state import Invitation

REPORT, APPOINTMENT, MINE, OTHERS = (new_id() for _ in range(4))
REQUEST = derived_id(APPOINTMENT, "request")
ZONE = "America/Winnipeg"
EARLY, CHOSEN, LATER = (NOON + timedelta(days=days) for days in (1, 3, 5))

OPENED = CaseOpened(report_id=REPORT, category="theft", channel=Channel.WEB)
HELD = (OPENED, CaseClaimed(officer_id=MINE, lease_until=NOON + LEASE))
BOOK = BookAppointment(
    at=NOON, officer_id=MINE, appointment_id=APPOINTMENT, starts_at=CHOSEN, earliest_at=EARLY, zone=ZONE
)
BOOKED = CaseAppointmentBooked(
    appointment_id=APPOINTMENT, starts_at=CHOSEN, local_time="2026-05-07T07:00", zone=ZONE, earliest_at=EARLY,
    request_id=REQUEST, officer_id=MINE, category="theft", neutral=False,
)  # fmt: skip
MOVED = CaseAppointmentMoved(
    appointment_id=APPOINTMENT, starts_at=LATER, local_time="2026-05-09T07:00", zone=ZONE, request_id=REQUEST,
    neutral=False,
)  # fmt: skip
CANCEL = CancelAppointment(at=NOON, officer_id=MINE, reason=CancelReason.RESIDENT_UNAVAILABLE)
CANCELLED = CaseAppointmentCancelled(appointment_id=APPOINTMENT, reason="resident_unavailable", request_id=REQUEST)
AFTER_CHOSEN = CHOSEN + minutes(1)


def book(**changes: Any) -> BookAppointment:
    return replace(BOOK, **changes)


def field_of(command: Command, *past: Event) -> str:
    refusal = given(case, *past).when(command).refusal
    assert isinstance(refusal, Invalid)
    return refusal.field


def test_the_holder_books_a_time_with_the_first_one_on_offer() -> None:
    given(case, *HELD).when(BOOK).then(BOOKED)


def test_the_first_time_on_offer_may_be_the_chosen_one_and_a_moment_ago() -> None:
    given(case, *HELD).when(book(earliest_at=CHOSEN)).then(BOOKED.model_copy(update={"earliest_at": CHOSEN}))
    just_now = NOON - AGREEING
    given(case, *HELD).when(book(earliest_at=just_now)).then(BOOKED.model_copy(update={"earliest_at": just_now}))


@pytest.mark.parametrize(("month", "local"), [(10, "2026-10-31T07:00"), (11, "2026-11-01T06:00")])
def test_the_wall_clock_is_that_of_the_zone_on_that_day(month: int, local: str) -> None:
    """Winnipeg's clocks go back on 1 November 2026 at two."""
    starts_at = datetime(2026, month, 31 if month == 10 else 1, 12, tzinfo=NOON.tzinfo)
    [event] = case.decide(book(starts_at=starts_at), case.fold(HELD))
    assert isinstance(event, CaseAppointmentBooked)
    assert event.local_time == local


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_at": NOON}, "starts_at"),
        ({"starts_at": NOON + FURTHEST + minutes(1)}, "starts_at"),
        ({"earliest_at": None}, "earliest_at"),
        ({"earliest_at": CHOSEN + minutes(1)}, "earliest_at"),
        ({"earliest_at": NOON - AGREEING - minutes(1)}, "earliest_at"),
    ],
)
def test_a_wrong_time_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    assert field_of(book(**changes), *HELD) == field


def test_a_time_that_is_to_come_is_moved_and_keeps_what_was_on_offer() -> None:
    for earliest in (None, EARLY):
        given(case, *HELD, BOOKED).when(book(starts_at=LATER, earliest_at=earliest)).then(MOVED)
    assert field_of(book(starts_at=LATER, earliest_at=EARLY + minutes(1)), *HELD, BOOKED) == "earliest_at"
    assert field_of(book(starts_at=EARLY - minutes(1), earliest_at=None), *HELD, BOOKED) == "starts_at"
    assert field_of(book(starts_at=NOON, earliest_at=None), *HELD, BOOKED) == "starts_at"


def test_another_wall_clock_is_told_though_the_time_is_the_same() -> None:
    toronto = {"zone": "America/Toronto", "local_time": "2026-05-07T08:00"}
    expected = MOVED.model_copy(update={"starts_at": CHOSEN, **toronto})
    given(case, *HELD, BOOKED).when(book(zone="America/Toronto")).then(expected)


@pytest.mark.parametrize("command", [BOOK, book(earliest_at=None), book(appointment_id=new_id())])
def test_the_same_time_again_changes_nothing(command: BookAppointment) -> None:
    given(case, *HELD, BOOKED).when(command).then()


def test_the_officer_says_how_the_resident_is_invited_and_that_stands_until_it_is_said_otherwise() -> None:
    told: dict[str, Any] = {"channel": "email", "language": "fr", "neutral": True}
    booked = BOOKED.model_copy(update=told)
    given(case, *HELD).when(book(invitation=Invitation(**told))).then(booked)
    given(case, *HELD, booked).when(book(starts_at=LATER)).then(MOVED.model_copy(update=told))
    given(case, *HELD, booked).when(BOOK).then()
    otherwise = Invitation("sms", "fr", neutral=True)
    [again] = case.decide(book(invitation=otherwise), case.fold([*HELD, booked]))
    assert isinstance(again, CaseAppointmentMoved)
    assert (again.starts_at, again.channel) == (CHOSEN, "sms")


def test_an_appointment_from_before_sessions_followed_them_has_none() -> None:
    old = BOOKED.model_copy(update={"request_id": None})
    [moved] = case.decide(book(starts_at=LATER), case.fold([*HELD, old]))
    assert isinstance(moved, CaseAppointmentMoved)
    assert moved.request_id is None
    assert case.fold([*HELD, old, moved]).request_ids == ()


def test_after_its_time_or_its_cancellation_an_appointment_is_booked_anew() -> None:
    again, first = new_id(), LATER - minutes(60)
    told = {"appointment_id": again, "starts_at": LATER, "earliest_at": first}
    request = derived_id(again, "request")
    expected = BOOKED.model_copy(update=told | {"local_time": MOVED.local_time, "request_id": request})
    given(case, *HELD, BOOKED, CANCELLED).when(book(**told)).then(expected)
    given(case, *HELD, BOOKED).when(book(at=AFTER_CHOSEN, **told)).then(expected)


def test_the_holder_cancels_what_is_to_come_once() -> None:
    given(case, *HELD, BOOKED).when(CANCEL).then(CANCELLED)
    given(case, *HELD, BOOKED, MOVED, CANCELLED).when(CANCEL).then()
    given(case, *HELD).when(CANCEL).then_refused("no_appointment")
    given(case, *HELD, BOOKED).when(replace(CANCEL, at=AFTER_CHOSEN)).then_refused("no_appointment")


@pytest.mark.parametrize("command", [BOOK, CANCEL])
def test_nobody_else_does(command: Command) -> None:
    given(case, OPENED, BOOKED).when(command).then_refused("not_holder")
    given(case, *HELD, BOOKED).when(replace(command, officer_id=OTHERS)).then_refused("not_holder")  # type: ignore[call-arg]
    given(case).when(command).then_refused("no_such_case")
    given(case, *HELD, CaseClosed(reason=CloseReason.WITHDRAWN)).when(command).then_refused("case_closed")


def test_what_is_to_come_ends_with_its_case() -> None:
    off = CaseAppointmentCancelled(appointment_id=APPOINTMENT, reason="case_closed", request_id=REQUEST)
    withdraw = CloseCase(at=NOON, reason=CloseReason.WITHDRAWN)
    sessions: dict[str, Any] = {"request_id": REQUEST, "request_ids": (REQUEST,)}
    given(case, *HELD, BOOKED).when(withdraw).then(off, CaseClosed(reason=CloseReason.WITHDRAWN, **sessions))
    ended = CaseClosed(reason=CloseReason.DUPLICATE, officer_id=MINE, **sessions)
    original = new_id()
    link = LinkDuplicate(at=NOON, case_id=case_id(REPORT), officer_id=MINE, original_case_id=original)
    given(case, *HELD, BOOKED).when(link).then(CaseDuplicateLinked(original_case_id=original), off, ended)


@pytest.mark.parametrize("past", [(BOOKED, CANCELLED), (BOOKED,)])
def test_what_took_place_or_was_cancelled_stands(past: tuple[Event, ...]) -> None:
    outcome = Outcome.RESOLVED
    assessed = CaseAssessed(assessment_id=new_id(), report_id=REPORT, officer_id=MINE, outcome=outcome)
    closed = CaseClosed(
        reason=CloseReason.RESOLVED, officer_id=MINE, outcome=outcome, request_id=REQUEST, request_ids=(REQUEST,)
    )
    close = CloseCase(at=AFTER_CHOSEN, officer_id=MINE)
    given(case, *HELD, *past, assessed).when(close).then(closed)
