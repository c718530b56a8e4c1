"""Sessions that did not come about: what is done next, step by step. A case is never closed for it in silence."""

from collections.abc import Sequence
from enum import StrEnum

from vpr_events.contracts.case import CaseEscalated, CaseNoShow
from vpr_events.contracts.values import Role
from vpr_events.event import Event
from vpr_triage.domain.commands import NoteNoShow, NoteOfficerAbsent
from vpr_triage.domain.state import State

ESCALATED_FROM = 2
"""From which no-show on a supervisor hears of each."""


class NextStep(StrEnum):
    """What to do after a resident did not come: another time, a call by phone, a look at the risk anew."""

    RETRY = "retry"
    PHONE = "phone"
    REASSESS = "reassess"


LADDER = (NextStep.RETRY, NextStep.PHONE, NextStep.REASSESS)


def next_step(attempt: int) -> NextStep:
    """The step after this no-show, counted from 1; the last one stays."""
    return LADDER[min(attempt, len(LADDER)) - 1]


def note(command: NoteNoShow, state: State) -> Sequence[Event]:
    """What a session leads to that ended as a no-show: once for each session, and nothing once the case is closed."""
    if state.closed or command.session_id in state.no_shows:
        return []
    attempt = len(state.no_shows) + 1
    noted = CaseNoShow(attempt=attempt, session_id=command.session_id)
    return [noted, *_escalated("no_show")] if attempt >= ESCALATED_FROM else [noted]


def note_absence(_: NoteOfficerAbsent, state: State) -> Sequence[Event]:
    """What an officer's absence at an appointment leads to: a supervisor hears of it."""
    return [] if state.closed else _escalated("officer_absent")


def _escalated(reason: str) -> Sequence[Event]:
    return [CaseEscalated(reason=reason, to=Role.SUPERVISOR)]
