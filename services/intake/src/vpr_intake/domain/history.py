"""A past case of a records extract: recorded once, and never differently."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.decider import Command, Decider, Refused
from vpr_events.event import Event

NAMESPACE = UUID("5a4b4a8e-6c0e-5d8e-9d4e-3f5f0a7a2f10")

type State = HistoryCaseRecorded | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCase(Command):
    """Record a past case."""

    case: HistoryCaseRecorded


def case_id(source: str, record_id: str) -> UUID:
    """The id of a source's record: the same record always has the same id."""
    return uuid5(NAMESPACE, f"{source}\n{record_id}")


def decide(command: Command, state: State) -> Sequence[Event]:
    """Record what is new; the same again changes nothing."""
    if not isinstance(command, RecordCase):
        raise TypeError(f"{type(command).__name__} is no command of a past case")
    if state is None:
        return [command.case]
    if state != command.case:
        raise Refused("recorded_differently", "this record was imported before, with other content")
    return []


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    return event if isinstance(event, HistoryCaseRecorded) else state


history = Decider[Command, State]("history", None, decide, evolve)
