"""A decider is three pure functions and an initial state; nothing in it does I/O or looks at a clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from vpr_events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of every command. ``at`` is when it happens in the world (aware, UTC): it becomes ``occurred_at``."""

    at: datetime


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


def _no_timers(_: object) -> Mapping[str, datetime]:
    return {}


@dataclass(frozen=True, slots=True)
class Decider[C: Command, S]:
    """``decide(command, state) -> events``, ``evolve(state, event) -> state``; ``timers(state) -> {name: due_at}``.

    ``family`` is the first part of the stream's name, such as ``case``.
    """

    family: str
    initial: S
    decide: Callable[[C, S], Sequence[Event]]
    evolve: Callable[[S, Event], S]
    timers: Callable[[S], Mapping[str, datetime]] = _no_timers

    def fold(self, events: Iterable[Event], state: S | None = None) -> S:
        """The state after these events."""
        return reduce(self.evolve, events, self.initial if state is None else state)
