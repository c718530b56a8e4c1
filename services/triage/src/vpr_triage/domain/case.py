"""A case: one a report, held by one officer at a time, assessed once, closed once.

What the case waits for stands in ``waiting.py``. A claim ends by an event alone, never by what the clock says.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from vpr_events.contracts.case import (
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CasePrioritised,
    CaseReleased,
    CaseReportAmended,
    CaseVideoRequested,
    CloseReason,
    Outcome,
    ReleaseReason,
)
from vpr_events.decider import Command, Decider, Invalid, Refused, TimerFired, Unknown
from vpr_events.event import Event, derived_id
from vpr_triage.domain.appointments import APPOINTMENTS, called_off
from vpr_triage.domain.commands import (
    AssessCase,
    ClaimCase,
    CloseCase,
    FollowReport,
    LinkDuplicate,
    NoteNoShow,
    NoteOfficerAbsent,
    OpenCase,
    PrioritiseCase,
    RaiseCase,
    ReleaseCase,
    RequestVideo,
    StandAsOriginal,
)
from vpr_triage.domain.duplicates import link, stand
from vpr_triage.domain.no_shows import note, note_absence
from vpr_triage.domain.state import State, evolve
from vpr_triage.domain.waiting import fired, timers

LEASE = timedelta(minutes=30)
"""How long a claim keeps others away, unless its holder claims again."""

OFFICERS_REASONS = {
    Outcome.RESOLVED: CloseReason.RESOLVED,
    Outcome.REFERRED: CloseReason.REFERRED,
    Outcome.NO_FURTHER_ACTION: CloseReason.NO_FURTHER_ACTION,
}
"""The outcomes after which an officer closes the case, and the reason that each gives."""


def case_id(report_id: UUID) -> UUID:
    """The id of a report's case."""
    return derived_id(report_id, "case")


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    if isinstance(command, OpenCase):
        return _open(command, state)
    if state.report_id is None:
        raise Unknown("no_such_case", "there is no such case")
    if (decision := ANY_TIME.get(type(command))) is not None:
        return decision(command, state)
    if state.closed:
        raise Refused("case_closed", "the case is closed")
    return _work(command, state, state.report_id)


def _work(command: Command, state: State, report_id: UUID) -> Sequence[Event]:
    if (decision := APPOINTMENTS.get(type(command))) is not None:
        return decision(command, state)
    match command:
        case PrioritiseCase():
            return _prioritise(command, state)
        case ClaimCase():
            return _claim(command, state)
        case ReleaseCase():
            return _release(command, state)
        case RequestVideo():
            return _request_video(command, state, report_id)
        case AssessCase():
            return _assess(command, state, report_id)
    raise TypeError(f"{type(command).__name__} is no command of a case")


def _open(command: OpenCase, state: State) -> Sequence[Event]:
    if state.report_id is not None:
        return []
    return [
        CaseOpened(
            report_id=command.report_id,
            category=command.category,
            channel=command.channel,
            district=command.district,
        )
    ]


def _follow(command: FollowReport, state: State) -> Sequence[Event]:
    if state.closed:
        return []
    return [CaseReportAmended(fields=command.fields, category=command.category, district=command.district)]


def _prioritise(command: PrioritiseCase, state: State) -> Sequence[Event]:
    if (command.priority, command.gravest) == (state.priority, state.gravest):
        return []
    if command.officer_id and state.claim and not state.held_by(command.officer_id):
        raise _held_by_another()
    return [CasePrioritised(priority=command.priority, gravest=command.gravest)]


def _raise(command: RaiseCase, state: State) -> Sequence[Event]:
    if state.closed or (command.priority, command.gravest) == (state.priority, state.gravest):
        return []
    return [CasePrioritised(priority=command.priority, gravest=command.gravest)]


def _claim(command: ClaimCase, state: State) -> Sequence[Event]:
    if state.claim is None:
        return [CaseClaimed(officer_id=command.officer_id, lease_until=command.at + LEASE)]
    if not state.held_by(command.officer_id):
        raise _held_by_another()
    return []


def _release(command: ReleaseCase, state: State) -> Sequence[Event]:
    if state.claim is None and state.released_by == command.officer_id:
        return []
    state.check_holder(command.officer_id)
    return [CaseReleased(officer_id=command.officer_id, reason=ReleaseReason.RELEASED)]


def _request_video(command: RequestVideo, state: State, report_id: UUID) -> Sequence[Event]:
    if command.request_id in state.request_ids:
        return []
    state.check_holder(command.officer_id)
    asked = CaseVideoRequested(
        request_id=command.request_id, report_id=report_id, officer_id=command.officer_id, category=state.category
    )
    return [asked]


def _assess(command: AssessCase, state: State, report_id: UUID) -> Sequence[Event]:
    _check_assessment(command)
    assessed = _assessed(command, state, report_id)
    if state.assessment is not None:
        if assessed.model_copy(update={"assessment_id": state.assessment.assessment_id}) == state.assessment:
            return []
        raise Refused("already_assessed", "the case was assessed before, differently")
    state.check_holder(command.officer_id)
    return [assessed]


def _assessed(command: AssessCase, state: State, report_id: UUID) -> CaseAssessed:
    """What the command leaves open is taken from the case, or, for a repetition, from the assessment that stands."""
    known = state.assessment or state
    given = command.priority is not None
    return CaseAssessed(
        assessment_id=command.assessment_id,
        report_id=report_id,
        officer_id=command.officer_id,
        outcome=command.outcome,
        capabilities=tuple(sorted(set(command.capabilities))),
        priority=command.priority if given else known.priority,
        gravest=command.gravest if given else known.gravest,
        district=command.district or known.district,
        suggested=command.suggested,
        overridden=command.suggested not in {None, command.outcome},
    )


def _check_assessment(command: AssessCase) -> None:
    if command.outcome is Outcome.DISPATCH and not command.capabilities:
        raise Invalid("capabilities", "a dispatch needs at least one capability")
    if command.outcome is not Outcome.DISPATCH and command.capabilities:
        raise Invalid("capabilities", "only a dispatch needs capabilities")
    if (command.priority is None) != (command.gravest is None):
        raise Invalid("gravest", "priority and gravest come together")


def _close(command: CloseCase, state: State) -> Sequence[Event]:
    if state.closed:
        return []
    reason = _systems_reason(command, state) if command.officer_id is None else _officers_reason(command, state)
    request_id = state.request_ids[-1] if state.request_ids else None
    return [
        *called_off(state, command.at),
        CaseClosed(
            reason=reason,
            officer_id=command.officer_id,
            outcome=state.assessment.outcome if state.assessment else None,
            request_id=request_id,
            request_ids=state.request_ids,
        ),
    ]


def _systems_reason(command: CloseCase, state: State) -> CloseReason:
    if command.reason is CloseReason.WITHDRAWN:
        return command.reason
    if command.reason is not CloseReason.DISPATCHED:
        raise Invalid("reason", "without an officer a case is closed as dispatched or withdrawn")
    if state.assessment is None or state.assessment.outcome is not Outcome.DISPATCH:
        raise Refused("not_assessed", "the case was not assessed for a dispatch")
    return command.reason


def _officers_reason(command: CloseCase, state: State) -> CloseReason:
    state.check_holder(command.officer_id)
    if state.assessment is None:
        raise Refused("not_assessed", "assess the case before you close it")
    reason = OFFICERS_REASONS.get(state.assessment.outcome)
    if reason is None:
        raise Refused("waits_for_dispatch", "the case ends with its dispatch")
    if command.reason not in {None, reason}:
        raise Invalid("reason", f"the assessment makes it {reason}")
    return reason


def _held_by_another() -> Refused:
    return Refused("claimed_by_another", "another officer holds the case")


ANY_TIME: Mapping[type[Command], Callable[[Any, State], Sequence[Event]]] = {
    RaiseCase: _raise,
    CloseCase: _close,
    TimerFired: fired,
    FollowReport: _follow,
    LinkDuplicate: link,
    StandAsOriginal: stand,
    NoteNoShow: note,
    NoteOfficerAbsent: note_absence,
}
"""What commands lead to that mean something for an ended case too."""


case = Decider("case", State(), decide, evolve, timers)
