"""How long a session waits, and what happens when its time is over."""

from collections.abc import Sequence

from vpr_events.contracts.session import EndReason, SessionEnded, SessionExpired
from vpr_events.decider import Command, Refused, TimerFired, Timers
from vpr_events.event import Event
from vpr_video.domain.state import OVER, State, Status

EXPIRY = "expiry"


def timers(state: State) -> Timers:
    """When the session ends by itself."""
    return {} if state.status in OVER | {Status.NONE} else {EXPIRY: state.expires_at}


def expire(command: TimerFired, state: State) -> Sequence[Event]:
    """Expired means that they did not meet; a meeting that nobody ended is completed instead."""
    if command.name not in timers(state) or command.due_at < state.expires_at:
        return []
    if state.status is Status.CONNECTED:
        return [SessionEnded(reason=EndReason.COMPLETED)]
    return [SessionExpired()]


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


def _expired() -> Refused:
    return Refused("session_expired", "this session's time is over")
