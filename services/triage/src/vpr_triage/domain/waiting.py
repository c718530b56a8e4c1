"""What a case waits for, and what happens when it waited in vain: nothing in triage waits for ever."""

from collections.abc import Sequence
from datetime import timedelta

from vpr_events.contracts.case import CaseEscalated, CaseReleased, CaseTargetMissed, ReleaseReason
from vpr_events.contracts.values import Role
from vpr_events.decider import TimerFired, Timers
from vpr_events.event import Event
from vpr_triage.domain.state import State

CLAIM_TARGET = timedelta(hours=24)
"""First contact within 24 hours: Winnipeg's figure for its online reports."""

UNCLAIMED_EVERY = timedelta(hours=24)
"""How often a supervisor hears of a case that nobody holds."""

UNCLOSED_EVERY = timedelta(days=7)
"""How often a supervisor hears of a case that was assessed and is not closed."""

LEASE_TIMER, TARGET_TIMER = "lease", "claim_target"


def timers(state: State) -> Timers:
    """The lease of a claim; besides, whoever must hear that the case stands still, and when."""
    if state.report_id is None or state.closed:
        return {}
    due: Timers = {LEASE_TIMER: state.claim.lease_until} if state.claim else {}
    reminder = f"reminder-{state.reminders + 1}"
    if state.assessment:
        return {**due, reminder: UNCLOSED_EVERY}
    if state.claim:
        return due
    return {TARGET_TIMER: CLAIM_TARGET} if state.awaits_first_claim else {reminder: UNCLAIMED_EVERY}


def fired(command: TimerFired, state: State) -> Sequence[Event]:
    """A renewed lease is due later than the claim said; one that is due earlier belongs to a claim before it."""
    due = timers(state).get(command.name)
    if due is None:
        return []
    if command.name == TARGET_TIMER:
        return [CaseTargetMissed(target="claim", due_at=command.due_at)]
    if state.claim is None or command.name != LEASE_TIMER:
        return [CaseEscalated(reason="unclosed" if state.assessment else "unclaimed", to=Role.SUPERVISOR)]
    if command.due_at < state.claim.lease_until:
        return []
    return [CaseReleased(officer_id=state.claim.officer_id, reason=ReleaseReason.LEASE_EXPIRED)]
