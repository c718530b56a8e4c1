"""Given/when/then for deciders: ``given(case, *past).when(command).then(*events)``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vpr_events.decider import Command, Decider, Refused
from vpr_events.event import Event


@dataclass(frozen=True)
class Then:
    """What a command led to: events, or a refusal."""

    events: tuple[Event, ...]
    refusal: Refused | None

    def then(self, *expected: Event) -> None:
        """It recorded exactly these events (none: it changed nothing)."""
        assert self.refusal is None, f"refused: {self.refusal}"  # noqa: S101 - this module serves tests
        assert self.events == expected  # noqa: S101

    def then_refused(self, code: str) -> None:
        """It was refused with this code."""
        assert self.refusal is not None, f"recorded {self.events}"  # noqa: S101
        assert self.refusal.code == code  # noqa: S101


@dataclass(frozen=True)
class Given:
    """A decider and its past."""

    decider: Decider[Any, Any]
    past: Sequence[Event]

    def when(self, command: Command) -> Then:
        """Decide the command on the folded past."""
        try:
            return Then(tuple(self.decider.decide(command, self.decider.fold(self.past))), None)
        except Refused as refusal:
            return Then((), refusal)


def given(decider: Decider[Any, Any], *past: Event) -> Given:
    """Start with these past events."""
    return Given(decider, past)
