"""Writes as data: many commands' rows go to the database in few statements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Write:
    """One execution of a statement. ``entity`` is whose rows it touches: its writes keep their order.

    ``statement`` is a module-level constant with bound parameters, so that equal statements are one object.
    """

    entity: object
    statement: Executable
    values: Mapping[str, Any]


type Group = tuple[Executable, list[Mapping[str, Any]]]


def grouped(writes: Iterable[Write]) -> list[Group]:
    """Statements with the rows each runs on; the writes of one entity stay in their order."""
    groups: list[Group] = []
    last_group: dict[object, int] = {}
    for write in writes:
        earliest = last_group.get(write.entity, 0)
        index = next((i for i in range(earliest, len(groups)) if groups[i][0] is write.statement), len(groups))
        if index == len(groups):
            groups.append((write.statement, []))
        groups[index][1].append(write.values)
        last_group[write.entity] = index
    return groups


async def run(connection: AsyncConnection, writes: Iterable[Write]) -> None:
    """Run the writes, grouped."""
    for statement, rows in grouped(writes):
        await connection.execute(statement, rows)
