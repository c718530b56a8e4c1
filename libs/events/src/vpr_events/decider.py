"""A decider is three pure functions and an initial state; nothing in it does I/O or looks at a clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from vpr_events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of every command. ``at`` is when it happens in the world (aware, UTC): it becomes ``occurred_at``."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Command):
    """The aggregate's timer of this name is due; ``at`` is now. It yields nothing once it means nothing any more."""

    name: str
    due_at: datetime


class Refused(Exception):
    """The domain's "no". ``code`` is stable and machine-readable; the text is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Unknown(Refused):
    """The command names something that does not exist."""


class Invalid(Refused):
    """The command itself is wrong, whatever the state. ``field`` names the offending input."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__("invalid", text)
        self.field = field


type Timers = Mapping[str, datetime | timedelta]
"""Name -> when it is due, or how long after the event that brought it up (by ``occurred_at``)."""


def no_timers(_: object) -> Timers:
    """An aggregate that waits for nothing."""
    return {}


@dataclass(frozen=True, slots=True)
class Decider[C: Command, S]:
    """``decide(command, state) -> events``, ``evolve(state, event) -> state``; ``timers(state) -> {name: due}``.

    A timer runs while ``timers`` names it; once fired it must be gone, or have another due. ``family`` is the first
    part of the stream's name, such as ``case``.
    """

    family: str
    initial: S
    decide: Callable[[C, S], Sequence[Event]]
    evolve: Callable[[S, Event], S]
    timers: Callable[[S], Timers] = no_timers

    def fold(self, events: Iterable[Event], state: S | None = None) -> S:
        """The state after these events."""
        return reduce(self.evolve, events, self.initial if state is None else state)


def by_family(deciders: Iterable[Decider[Any, Any]]) -> Mapping[str, Decider[Any, Any]]:
    """Deciders by the family of their streams."""
    return {decider.family: decider for decider in deciders}
