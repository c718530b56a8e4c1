"""Whatever happened: what is not over waits for something, and a timer that fires makes progress, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from tests.property.test_dispatch_machines import DISPATCHES, Action, histories, lives
from tests.property.test_triage_case import OPEN, SEQUENCES
from tests.property.test_video_session import events_of, sequences
from vpr_dispatch.domain.dispatch import dispatch
from vpr_events.decider import Command, Decider, Refused, TimerFired
from vpr_events.event import Event
from vpr_triage.domain.case import case
from vpr_video.domain.session import session
from vpr_video.domain.state import OVER

FIXED = ["lease", "claim_target", "expiry", "interruption", "alone", "nothing"]
NAMES = st.sampled_from([*FIXED, *(f"{kind}-{n}" for kind in ("reminder", "hold", "units") for n in (1, 2, 3))])
CHOICES = st.lists(st.integers(0, 1), max_size=6)
"""Which of the timers fires next, and next, and next."""


def fire(decider: Decider[Any, Any], state: Any, name: str) -> Sequence[Event]:
    """The timer of this name fires when it is due."""
    due = decider.timers(state)[name]
    due_at = due if isinstance(due, datetime) else NOON + due
    return decider.decide(TimerFired(at=due_at + minutes(1), name=name, due_at=due_at), state)


def check(decider: Decider[Any, Any], state: Any, stale: str) -> None:
    """Each timer makes progress and is then gone, or due at another time; one that does not run changes nothing."""
    timers = decider.timers(state)
    for name, due in timers.items():
        new = fire(decider, state, name)
        assert new, f"{name} changed nothing"
        assert decider.timers(decider.fold(new, state)).get(name) != due
    if stale not in timers:
        late = TimerFired(at=NOON + minutes(10**6), name=stale, due_at=NOON + minutes(10**6))
        assert not decider.decide(late, state)
    for name, due in timers.items():
        if isinstance(due, datetime):
            early = TimerFired(at=due, name=name, due_at=due - minutes(1))
            assert not decider.decide(early, state), "the timer of an earlier claim"


def check_on(decider: Decider[Any, Any], state: Any, choices: Sequence[int], stale: str) -> Any:
    """The same, and again after each of a row of timers fired."""
    check(decider, state, stale)
    for choice in choices:
        names = sorted(decider.timers(state))
        if names:
            state = decider.fold(fire(decider, state, names[choice % len(names)]), state)
            check(decider, state, stale)
    return state


@given(SEQUENCES, CHOICES, NAMES)
def test_a_case_waits_until_it_is_closed(commands: list[Command], choices: list[int], stale: str) -> None:
    state = case.fold(())
    for command in [OPEN, *commands]:
        try:
            state = case.fold(case.decide(command, state), state)
        except Refused:
            continue
        assert bool(case.timers(state)) is not state.closed
    check_on(case, state, choices, stale)


@given(sequences, CHOICES, NAMES)
def test_a_session_waits_until_it_is_over(life: Sequence[Command], choices: list[int], stale: str) -> None:
    if events := events_of(life):
        state = session.fold(events)
        assert bool(session.timers(state)) is (state.status not in OVER)
        state = check_on(session, state, choices, stale)
        assert state.status in OVER or not choices


@given(histories, CHOICES, NAMES)
def test_a_dispatch_waits_until_it_is_over_and_its_units_are_free(
    past: list[Action], choices: list[int], stale: str
) -> None:
    world = lives(past)
    for events in (world.streams.get(one) for one in DISPATCHES):
        if events:
            state = dispatch.fold(events)
            assert bool(dispatch.timers(state)) is (not state.over or bool(state.active))
            check_on(dispatch, state, choices, stale)
