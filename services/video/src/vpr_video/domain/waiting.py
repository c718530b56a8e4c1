"""How long a session waits, and what happens when it waited in vain: no session waits for ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vpr_events.contracts.session import EndReason, Participant, SessionEnded, SessionExpired
from vpr_events.decider import Command, Refused, TimerFired, Timers
from vpr_events.event import Event
from vpr_video.domain.state import OVER, TALKING, State, Status

EXPIRY, INTERRUPTION, ALONE = "expiry", "interruption", "alone"

RECONNECTS_WITHIN = timedelta(minutes=10)
"""How long a broken connection may stay broken."""

RETURNS_WITHIN = timedelta(minutes=30)
"""How long a session stays open after one of the two hung up: they may come back."""


def timers(state: State) -> Timers:
    """When the session ends by itself."""
    if state.status in OVER | {Status.NONE}:
        return {}
    due: Timers = {EXPIRY: state.expires_at}
    if state.status is Status.INTERRUPTED:
        return {**due, INTERRUPTION: RECONNECTS_WITHIN}
    return {**due, ALONE: RETURNS_WITHIN} if state.met and state.status is Status.JOINED else due


def expire(command: TimerFired, state: State) -> Sequence[Event]:
    """Expired means that they did not meet; a meeting that nobody ended is completed instead.

    Who was invited and awaited by an officer, and did not come, is a no-show.
    """
    if command.name not in timers(state):
        return []
    if command.name != EXPIRY:
        return [SessionEnded(reason=EndReason.FAILED if command.name == INTERRUPTION else EndReason.COMPLETED)]
    if command.due_at < state.expires_at:
        return []
    if state.met or state.status in TALKING:
        return [SessionEnded(reason=EndReason.COMPLETED)]
    came = Participant.RESIDENT in state.came
    awaited = bool(state.invites and state.inside(Participant.OFFICER))
    return [SessionEnded(reason=EndReason.NO_SHOW)] if awaited and not came else [SessionExpired()]


def refuse_when_over(state: State) -> None:
    """Raise Refused where nothing can follow."""
    if state.status is Status.ENDED:
        raise Refused("session_ended", "this session has ended")
    if state.status is Status.EXPIRED:
        raise _expired()


def refuse_when_late(command: Command, state: State) -> None:
    """Raise Refused for what comes after the session's time, before its timer fired."""
    if command.at >= state.expires_at:
        raise _expired()


def is_ahead(at: datetime, state: State) -> bool:
    """Whether the resident may not come in yet."""
    return state.schedule is not None and at < state.schedule.opens_at


def refuse_when_early(command: Command, state: State) -> None:
    """Raise Refused before the waiting room opens."""
    if is_ahead(command.at, state):
        raise Refused("too_early", "the waiting room opens some minutes before the appointment")


def _expired() -> Refused:
    return Refused("session_expired", "this session's time is over")
