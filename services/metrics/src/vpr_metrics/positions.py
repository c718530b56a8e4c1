"""Places in the log: up to where a question is answered, in a form that outlives a log that was filled anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from duckdb import DuckDBPyConnection

FAMILY = "split_part(stream, '/', 1)"
TELLS = "(point is not null or len(stamps) > 0 or len(traits) > 0)"
"""Which events any figure is made of."""


@dataclass(frozen=True, slots=True)
class Position:
    """Everything up to ``sequence`` of the log: of each family the events up to its bound there."""

    sequence: int
    bounds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Heads:
    """A position as it is kept: the last event of each family that is before it."""

    sequence: int
    events: Sequence[UUID]


class Unplaced(Exception):
    """The read model does not hold these events."""

    def __init__(self, missing: Sequence[UUID]) -> None:
        super().__init__(f"{len(missing)} events")
        self.missing = missing


def before(position: Position | None) -> tuple[str, dict[str, Any]]:
    """A condition on a row of ``events``, with its parameters: whether it stands before the position."""
    if position is None:
        return "true", {}
    bound = f"list_extract($bounds::bigint[], list_position($families::varchar[], {FAMILY}))"
    return f"sequence <= {bound}", {"families": list(position.bounds), "bounds": list(position.bounds.values())}


def heads_at(connection: DuckDBPyConnection, sequence: int) -> Heads:
    """The last events at a place of the log."""
    rows = connection.execute(
        f"select arg_max(id, sequence) from events where sequence <= $sequence and {TELLS} "  # noqa: S608 - names of ours
        f"group by {FAMILY} order by {FAMILY}",
        {"sequence": sequence},
    ).fetchall()
    return Heads(sequence, [event for (event,) in rows])


def position_of(connection: DuckDBPyConnection, heads: Heads) -> Position:
    """Where the heads stand now. Raises Unplaced."""
    rows = connection.execute(
        f"select id, {FAMILY}, sequence from events where id in $heads",  # noqa: S608 - names of ours
        {"heads": list(heads.events)},
    ).fetchall()
    known = {event for event, *_ in rows}
    if missing := [event for event in heads.events if event not in known]:
        raise Unplaced(missing)
    return Position(heads.sequence, {family: sequence for _, family, sequence in rows})
