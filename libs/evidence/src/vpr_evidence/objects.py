"""Objects by name: each is noted in a commit of its own before it is stored, so that none is ever forgotten.

Whatever needs an object refers to its name by a foreign key. So an object that somebody recorded is never removed, and
one that nobody recorded always is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    MetaData,
    Table,
    Text,
    Uuid,
    any_,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_evidence.storage import Storage

SWEPT_AT_ONCE = 20


def stored_objects_of(metadata: MetaData) -> Table:
    """The table of objects of a service that keeps files. ``report_id`` once something needs the object."""
    return Table(
        "stored_objects",
        metadata,
        Column("name", Text, primary_key=True),
        Column("report_id", Uuid, index=True),
        Column("begun_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp(), index=True),
    )


@dataclass(frozen=True)
class Objects:
    """The objects in a ``table``; ``needing`` is the column that refers to the names of those that are needed."""

    table: Table
    needing: Column[str]

    async def begin(self, connection: AsyncConnection, name: str) -> None:
        """Note an object before it is stored: whatever happens then, it is found again."""
        await connection.execute(insert(self.table).values(name=name))

    async def renew(self, connection: AsyncConnection, names: Sequence[str]) -> None:
        """These are still being worked on: they count as begun now."""
        these = self.table.c.name == any_(literal(list(names), ARRAY(Text)))
        await connection.execute(update(self.table).where(these).values(begun_at=func.clock_timestamp()))

    async def sweep(self, engine: AsyncEngine, storage: Storage, age: timedelta) -> int:
        """Remove objects that nothing needs and that were begun so long ago; how many. Some at a time."""
        return await self._swept(engine, storage, self.table.c.begun_at < func.clock_timestamp() - age)

    async def discard(self, engine: AsyncEngine, storage: Storage, names: Sequence[str]) -> None:
        """Remove these objects, unless they are needed after all: a commit may have arrived whose answer did not."""
        while await self._swept(engine, storage, self.table.c.name.in_(names)):
            pass

    async def _swept(self, engine: AsyncEngine, storage: Storage, which: ColumnElement[bool]) -> int:
        """Under the rows' locks: who comes to need such an object meanwhile waits at its foreign key, and fails.

        Who came to need one between the look and the lock is seen only by another look.
        """
        name = self.table.c.name
        unneeded = ~select(self.needing).where(self.needing == name).exists()
        query = select(name).where(which, unneeded).limit(SWEPT_AT_ONCE)
        async with engine.begin() as connection:
            locked = (await connection.execute(query.with_for_update(skip_locked=True))).scalars().all()
            names = (await connection.execute(select(name).where(name.in_(locked), unneeded))).scalars().all()
            for one in names:
                await storage.delete(one)
            await connection.execute(delete(self.table).where(name.in_(names)))
        return len(names)
