"""What counts of cases with a course of their own: duplicates, reopened ones, repeated sessions, chosen delays."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import duckdb
import pytest

from tests.examples import NOON, minutes, recorded
from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseClaimed,
    CaseClosed,
    CaseDuplicateLinked,
    CaseNoShow,
    CaseOpened,
    CaseReopened,
    CaseVideoDeclined,
    CloseReason,
)
from vpr_events.contracts.dispatch import (
    DispatchCompleted,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitOnScene,
)
from vpr_events.contracts.report import ReportFiled, ReportWithdrawn, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.session import (
    EndReason,
    Mode,
    SessionConnected,
    SessionEnded,
    SessionInviteOpened,
    SessionInviteSent,
    SessionModeChanged,
)
from vpr_events.contracts.values import Channel
from vpr_events.event import Event, Recorded
from vpr_metrics import definitions, flow, model, queries
from vpr_metrics.choosing import Selection, choose, rows_of
from vpr_metrics.cohorts import arms
from vpr_metrics.definitions import INTERVALS
from vpr_metrics.spans import observed_until, spans

OFFICER = uuid4()


def course(report: int, *steps: tuple[Event, float]) -> list[Recorded]:
    """A report filed at noon, and what happened to it after so many minutes. Events come in the order of recording."""
    case, one = uuid4(), UUID(int=report)
    first = CaseOpened(report_id=one, category="theft", channel=Channel.WEB)
    told = [
        recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=one, at=NOON),
        recorded(first, entity=case, report=one, at=NOON),
    ]
    streams = {"case": case, "session": uuid4(), "dispatch": uuid4(), "report": one}
    for event, after in steps:
        entity = streams[event.event_name.partition(".")[0]]
        before = next((past for past in reversed(told) if past.entity_id == entity), None)
        told.append(recorded(event, entity=entity, report=one, at=NOON + minutes(after), after=before))
    return told


@contextmanager
def knowing(*events: Recorded) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        model.create(connection)
        model.apply(connection, events)
        yield connection


def took(connection: duckdb.DuckDBPyConnection, interval: str, **narrowed: Any) -> tuple[int, float | None, int]:
    """n, mean in minutes, and how many are open."""
    found = queries.timings(connection, Selection(**narrowed), [], [INTERVALS[interval]])
    if not found.records:
        return 0, None, 0
    [row] = found.rows
    return row["n"], row["mean"] / 60 if row["mean"] is not None else None, row["open"]


def invited() -> SessionInviteSent:
    return SessionInviteSent(invite_id=uuid4(), channel="sms", expires_at=NOON + minutes(60))


WITHDRAWN = ReportWithdrawn(by=WithdrawnBy.CLERK, reason=WithdrawalReason.OTHER)
MET, CLEARED = SessionConnected(mode=Mode.VIDEO), DispatchUnitCleared(unit_id=UUID(int=7))


def test_a_duplicate_counts_by_itself_and_takes_nothing_from_its_original() -> None:
    original = course(1, (DispatchUnitAssigned(unit_id=uuid4()), 20), (CaseClosed(reason=CloseReason.DISPATCHED), 40))
    case = next(event.entity_id for event in original if isinstance(event.data, CaseOpened))
    linked = (CaseDuplicateLinked(original_case_id=case), 4.0)
    duplicate = course(2, linked, (CaseClosed(reason=CloseReason.DUPLICATE), 5))
    with knowing(*original, *duplicate) as connection:
        assert took(connection, "headline") == (1, 20, 0)
        assert took(connection, "resolution") == (2, 22.5, 0)
        assert took(connection, "resolution", outcome="duplicate") == (1, 5, 0)
        choose(connection, Selection())
        assert flow.ends(connection)["duplicate"] == 1


def test_a_reopened_case_keeps_its_first_points_and_is_closed_when_it_was_for_the_last_time() -> None:
    claimed = CaseClaimed(officer_id=OFFICER, lease_until=NOON + minutes(99))
    steps: list[tuple[Event, float]] = [
        (claimed, 2),
        (CaseClosed(reason=CloseReason.NO_FURTHER_ACTION), 10),
        (CaseReopened(reason="new_facts"), 20),
        (claimed, 30),
    ]
    with knowing(*course(1, *steps)) as connection:
        assert took(connection, "triage_wait") == (1, 2, 0)
        assert took(connection, "resolution") == (0, None, 1), "it is open again"
        assert took(connection, "resolution", outcome="no_further_action") == (0, None, 0)
    with knowing(*course(1, *steps, (CaseClosed(reason=CloseReason.RESOLVED), 50))) as connection:
        assert took(connection, "resolution", outcome="resolved") == (1, 50, 0)
        choose(connection, Selection())
        assert flow.ends(connection)["reopened"] == 1


def test_a_case_that_no_rule_screened_is_in_one_arm_as_every_other() -> None:
    with knowing(*course(1), *course(2, (MET, 4))) as connection:
        found = arms(connection, Selection(), INTERVALS["resolution"])
        assert (found["all"]["cases"], found["eligible"]["cases"], found["not_eligible"]["cases"]) == (2, 1, 1)
        choose(connection, Selection(eligible=False))
        assert rows_of(connection, "select id from chosen") == [{"id": UUID(int=1)}]


def test_what_was_taken_back_was_not_settled() -> None:
    reasons = (CloseReason.WITHDRAWN, CloseReason.DUPLICATE, CloseReason.NO_SHOW, CloseReason.RESOLVED)
    for reason in reasons:
        before: list[tuple[Event, float]] = [(WITHDRAWN, 4)] if reason is CloseReason.WITHDRAWN else []
        with knowing(*course(1, *before, (CaseClosed(reason=reason), 5))) as connection:
            choose(connection, Selection())
            found = flow.ends(connection)
            assert (found["closed"], found["settled_without_dispatch"]) == (1, reason is CloseReason.RESOLVED)


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([(CaseClosed(reason=CloseReason.RESOLVED), 2), (WITHDRAWN, 30)], "resolved"),
        ([(WITHDRAWN, 2)], "withdrawn"),
        ([(WITHDRAWN, 2), (CaseClosed(reason=CloseReason.WITHDRAWN), 3)], "withdrawn"),
        ([(WITHDRAWN, 2), (CaseClosed(reason=CloseReason.RESOLVED), 3)], "withdrawn"),
        ([(CaseClosed(reason=CloseReason.RESOLVED), 2), (CaseReopened(reason="x"), 3), (WITHDRAWN, 4)], "withdrawn"),
    ],
)
def test_a_withdrawal_after_the_closing_leaves_the_outcome_as_it_is(
    steps: list[tuple[Event, float]], outcome: str
) -> None:
    for events in (course(1, *steps), course(1, *steps)[::-1]):
        with knowing(*events) as connection:
            choose(connection, Selection())
            assert rows_of(connection, "select outcome from chosen") == [{"outcome": outcome}]
            [found] = spans(connection, INTERVALS["headline"], NOON + minutes(60))
            assert list(found.causes) == [outcome]


def test_a_no_show_that_video_and_triage_tell_counts_once() -> None:
    told: list[tuple[Event, float]] = [(SessionEnded(reason=EndReason.NO_SHOW), 30), (CaseNoShow(attempt=1), 31)]
    again: list[tuple[Event, float]] = [(SessionEnded(reason=EndReason.NO_SHOW), 90), (CaseNoShow(attempt=2), 91)]
    for steps in (told, [*reversed(told)], [*told, *again]):
        with knowing(*course(1, *steps)) as connection:
            choose(connection, Selection())
            assert flow.ends(connection)["no_show"] == 1
            [(at,)] = connection.execute("select no_show_at from chosen").fetchall()
            assert at.minute == 30


def test_a_booking_that_asks_for_a_session_offers_video() -> None:
    told: dict[str, Any] = {"starts_at": NOON + minutes(60), "local_time": "2026-05-04T08:00", "zone": "UTC"}
    for request, offered in ((uuid4(), NOON + minutes(5)), (None, None)):
        booked = CaseAppointmentBooked(appointment_id=uuid4(), request_id=request, **told)
        with knowing(*course(1, (booked, 5))) as connection:
            choose(connection, Selection())
            [(at,)] = connection.execute("select offered_at from chosen").fetchall()
            assert at == (offered and offered.replace(tzinfo=None))


def test_of_repeated_sessions_the_first_of_each_step_counts() -> None:
    steps: list[tuple[Event, float]] = [
        (invited(), 3), (SessionInviteOpened(invite_id=uuid4()), 4), (CaseNoShow(attempt=1), 10), (invited(), 12),
        (MET, 15), (invited(), 30), (MET, 33),
    ]  # fmt: skip
    with knowing(*course(1, *steps)) as connection:
        assert took(connection, "virtual_response") == (1, 15, 0)
        choose(connection, Selection())
        [row] = rows_of(connection, "select invited_at, accepted_at, pathway from chosen")
        assert row == {"invited_at": moment(3), "accepted_at": moment(4), "pathway": "virtual"}


def moment(after: float) -> datetime:
    return (NOON + minutes(after)).replace(tzinfo=None)


@pytest.mark.parametrize("mode", [Mode.AUDIO, Mode.CHAT, Mode.UPLOAD])
def test_who_is_connected_without_a_picture_sees_nobody_until_there_is_one(mode: Mode) -> None:
    heard: list[tuple[Event, float]] = [(CaseVideoDeclined(), 2), (SessionConnected(mode=mode), 5)]
    seen = [*heard, (SessionModeChanged(mode=Mode.VIDEO), 9), (SessionModeChanged(mode=mode), 12), (MET, 15)]
    for steps, expected in ((heard, (0, None, 1)), (seen, (1, 9, 0))):
        for events in (course(1, *steps), course(1, *steps)[::-1]):
            with knowing(*events) as connection:
                assert took(connection, "virtual_response", pathway="virtual") == expected
                found = arms(connection, Selection(), INTERVALS["resolution"])
                assert (found["accepted"]["cases"], found["declined"]["cases"]) == (1, 0)


def test_who_declined_and_was_met_later_was_met_by_video() -> None:
    with knowing(*course(1, (CaseVideoDeclined(), 2), (MET, 15))) as connection:
        assert took(connection, "virtual_response", pathway="virtual") == (1, 15, 0)
        assert took(connection, "virtual_response", pathway="declined") == (0, None, 0)


def test_of_several_units_the_first_arrives_and_the_last_leaves() -> None:
    steps: list[tuple[Event, float]] = [
        (DispatchUnitAssigned(unit_id=uuid4()), 5), (DispatchUnitAssigned(unit_id=uuid4()), 6),
        (DispatchUnitOnScene(unit_id=uuid4()), 15), (CLEARED, 20), (DispatchUnitOnScene(unit_id=uuid4()), 21),
        (CLEARED, 55), (DispatchCompleted(), 55),
    ]  # fmt: skip
    with knowing(*course(1, *steps)) as connection:
        assert (took(connection, "headline"), took(connection, "on_scene")) == ((1, 5, 0), (1, 40, 0))


def test_as_long_as_a_unit_is_there_nobody_has_left() -> None:
    one, other = (DispatchUnitAssigned(unit_id=uuid4()), 5), (DispatchUnitAssigned(unit_id=uuid4()), 6)
    there = (DispatchUnitOnScene(unit_id=uuid4()), 20)
    both = course(1, one, other, (DispatchUnitOnScene(unit_id=uuid4()), 19), there, (CLEARED, 30))
    never_came = course(2, one, other, (CLEARED, 15), there)
    for steps in (both, never_came):
        with knowing(*steps) as connection:
            assert took(connection, "on_scene") == (0, None, 1)


def test_a_second_dispatch_takes_the_end_of_the_first_back_until_it_is_completed_too() -> None:
    sent = DispatchUnitAssigned(unit_id=uuid4())
    first = [(sent, 5), (DispatchUnitOnScene(unit_id=uuid4()), 15), (CLEARED, 20), (DispatchCompleted(), 20)]
    again = [*first, (sent, 40), (sent, 41), (CLEARED, 50)]
    ended = [*again, (CLEARED, 60), (DispatchCompleted(), 60)]
    for steps, expected in ((first, (1, 5, 0)), (again, (0, None, 1)), (ended, (1, 45, 0))):
        for events in (course(1, *steps), course(1, *steps)[::-1]):
            with knowing(*events) as connection:
                assert took(connection, "on_scene") == expected
                assert took(connection, "on_scene", until=NOON + minutes(30)) == (1, 5, 0)


def test_a_clearing_that_is_told_late_ends_nothing_before_the_last_unit_left() -> None:
    sent, there = DispatchUnitAssigned(unit_id=uuid4()), DispatchUnitOnScene(unit_id=uuid4())
    late = [(sent, 5), (there, 15), (sent, 25), (CLEARED, 50), (CLEARED, 20), (DispatchCompleted(), 20)]
    told = course(1, *late)
    told[-2:] = [replace(event, recorded_at=NOON + minutes(70)) for event in told[-2:]]
    with knowing(*told) as connection:
        assert took(connection, "on_scene") == (1, 35, 0)


APPOINTMENT = UUID(int=9)


def booked(earliest: float | None, chosen: float) -> CaseAppointmentBooked:
    first = None if earliest is None else NOON + minutes(earliest)
    return CaseAppointmentBooked(
        appointment_id=APPOINTMENT, starts_at=NOON + minutes(chosen), earliest_at=first, **WALL_CLOCK
    )


WALL_CLOCK: dict[str, Any] = {"local_time": "2026-05-04T09:00", "zone": "America/Winnipeg"}


def test_a_delay_that_the_resident_chose_is_an_interval_of_its_own() -> None:
    with knowing(*course(1, (booked(30, 90), 2), (MET, 91))) as connection:
        assert took(connection, "chosen_delay") == (1, 60, 0)
        assert took(connection, "virtual_response") == (1, 91, 0), "nothing is taken out of it"
    with knowing(*course(1, (booked(30, 30), 2))) as connection:
        assert took(connection, "chosen_delay") == (1, 0, 0), "the first time that there was"
    with knowing(*course(1, (booked(None, 90), 2))) as connection:
        assert took(connection, "chosen_delay") == (0, None, 0), "nobody knows what could have been had"


def test_a_moved_appointment_counts_as_it_was_moved_last_and_a_cancelled_one_not_at_all() -> None:
    moved = CaseAppointmentMoved(appointment_id=APPOINTMENT, starts_at=NOON + minutes(150), **WALL_CLOCK)
    cancelled = CaseAppointmentCancelled(appointment_id=APPOINTMENT, reason="ill")
    with knowing(*course(1, (booked(30, 90), 2), (moved, 5))) as connection:
        assert took(connection, "chosen_delay") == (1, 120, 0)
        assert took(connection, "chosen_delay", as_of=NOON + minutes(3)) == (1, 60, 0)
    with knowing(*course(1, (booked(30, 90), 2), (cancelled, 5))) as connection:
        assert took(connection, "chosen_delay") == (0, None, 0), "nobody waits for it, either"
        assert took(connection, "chosen_delay", until=NOON + minutes(100)) == (0, None, 0)
        assert took(connection, "chosen_delay", as_of=NOON + minutes(4)) == (1, 60, 0)
    with knowing(*course(1, (booked(30, 90), 2), (cancelled, 5), (booked(None, 200), 6))) as connection:
        assert took(connection, "chosen_delay") == (0, None, 0), (
            "what was on offer before tells nothing of the next one"
        )


def test_what_an_appointment_was_moved_away_from_does_not_come_back_by_until() -> None:
    moved = CaseAppointmentMoved(appointment_id=APPOINTMENT, starts_at=NOON + minutes(3000), **WALL_CLOCK)
    for events in (told := course(1, (booked(60, 180), 2), (moved, 30)), told[::-1]):
        with knowing(*events) as connection:
            assert took(connection, "chosen_delay", until=NOON + minutes(1440)) == (0, None, 1)
            assert took(connection, "chosen_delay", until=NOON + minutes(3000)) == (1, 2940, 0)
            assert took(connection, "chosen_delay", until=NOON + minutes(20)) == (0, None, 0)


def test_each_rule_is_told() -> None:
    told = ("duplicates", "reopened", "withdrawn", "repeat_sessions", "repeat_dispatches", "chosen_delay")
    assert tuple(definitions.RULES) == told


def bounded(bound: str, moment: datetime) -> Selection:
    """Everything until this moment, or as it was known then."""
    return Selection(until=moment) if bound == "until" else Selection(as_of=moment)


@pytest.mark.parametrize("bound", ["until", "as_of"])
def test_nobody_was_seen_to_wait_after_now(bound: str) -> None:
    with knowing(*course(1)) as connection:
        later = bounded(bound, NOON + minutes(500))
        assert observed_until(connection, later, NOON + minutes(60)) == NOON + minutes(60)
        assert observed_until(connection, Selection(), NOON) == NOON
        earlier = bounded(bound, NOON + minutes(5))
        assert observed_until(connection, earlier, NOON + minutes(60)) == NOON + minutes(5)
