"""A published figure: frozen once, and withdrawn at most once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from vpr_events.contracts.figure import FigurePublished, FigureWithdrawn
from vpr_events.decider import Command, Decider, Invalid, Refused, Unknown
from vpr_events.event import Event


@dataclass(frozen=True, slots=True)
class State:
    """A figure as it decides."""

    published: FigurePublished | None = None
    withdrawn: FigureWithdrawn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish(Command):
    """Freeze an answer, of which the event tells."""

    figure: FigurePublished


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """The figure ``id`` is no longer to be quoted."""

    id: UUID
    by: UUID
    reason: str
    superseded_by: UUID | None = None


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    match command:
        case Publish(figure=figure):
            if state.published and state.published != figure:
                raise Refused("already_published", "this figure is published with another answer")
            return [] if state.published else [figure]
        case Withdraw():
            return _withdraw(command, state)
    raise TypeError(f"{type(command).__name__} is no command of a figure")


def _withdraw(command: Withdraw, state: State) -> Sequence[Event]:
    if state.published is None:
        raise Unknown("no_such_figure", "there is no such figure")
    if command.superseded_by == command.id:
        raise Invalid("superseded_by", "a figure does not supersede itself")
    told = FigureWithdrawn(reason=command.reason, withdrawn_by=command.by, superseded_by=command.superseded_by)
    if state.withdrawn is None:
        return [told]
    if (state.withdrawn.reason, state.withdrawn.superseded_by) != (told.reason, told.superseded_by):
        raise Refused("already_withdrawn", "the figure was withdrawn for another reason")
    return []


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case FigurePublished():
            return State(event, state.withdrawn)
        case FigureWithdrawn():
            return State(state.published, event)
    return state


figure = Decider("figure", State(), decide, evolve)
