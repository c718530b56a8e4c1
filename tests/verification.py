"""A system under verification: what an operator's comparison says of it, and a superuser's hands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import CursorResult, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.examples import recorded
from tests.system import Servers
from vpr_events import store
from vpr_events.contracts.report import ReportHoldPlaced
from vpr_events.event import Recorded, new_id
from vpr_events.log import EventLog
from vpr_events.outbox import Relay
from vpr_events.sealing import Sealer
from vpr_events.seals import PublicKeys, SealFolder, SealKey, key_id
from vpr_events.tables import outbox, seals
from vpr_events.verifying.findings import Finding
from vpr_events.verifying.whole import GRACE, Subject, Verification


def grown(count: int, *, on: Recorded | None = None) -> list[Recorded]:
    """Events of one stream: a new one, or the next ones ``on`` an event."""
    made = [on] if on else []
    entity = on.entity_id if on else uuid4()
    for _ in range(count):
        placed = ReportHoldPlaced(hold_id=new_id(), placed_by=new_id())
        made.append(recorded(placed, entity=entity, after=made[-1] if made else None))
    return made[1:] if on else made


@dataclass
class Sealed:
    """One service's database, log and seals, without the service: each step is taken when the test says so."""

    servers: Servers
    service: str
    url: str
    engine: AsyncEngine
    log: EventLog
    folder: SealFolder
    key: SealKey
    sealer: Sealer = field(init=False)
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        self.sealer = Sealer(self.engine, self.service, self.key, self.folder)
        self.relay = Relay(self.engine, self.log)

    @classmethod
    @asynccontextmanager
    async def started(cls, servers: Servers, folder: Path, service: str = "intake") -> AsyncIterator["Sealed"]:
        """An empty one."""
        await servers.fresh_log([service])
        async with servers.database(service) as url:
            engine = create_async_engine(url)
            log = EventLog(servers.embedded.endpoints.nats_url, *servers.embedded.endpoints.nats_users[service])
            await log.connect()
            key = SealKey.made_at(folder / "seal.pem")
            try:
                yield cls(servers, service, url, engine, log, SealFolder(folder / f"seals-{uuid4().hex}"), key)
            finally:
                await log.close()
                await engine.dispose()

    async def write(self, *new: Recorded) -> None:
        """What the pipeline writes: the events, and their ids into the outbox."""
        async with self.engine.begin() as connection:
            await store.append(connection, new)
            await connection.execute(insert(outbox), [{"event_id": event.id} for event in new])

    async def rows(self) -> list[tuple[int, bool]]:
        """The seals of the table: number, and whether the file was written."""
        async with self.engine.connect() as connection:
            query = select(seals.c.number, seals.c.filed).order_by(seals.c.number)
            return [(row.number, row.filed) for row in await connection.execute(query)]

    async def publish(self) -> None:
        """Empty the outbox."""
        while await self.relay.publish_pending():
            pass

    async def findings(self, grace: timedelta = GRACE) -> list[str]:
        """What verification finds, in its words."""
        subject = Subject(self.service, self.engine, self.folder, self.keys)
        return await findings_of(self.servers, [subject], grace)

    @property
    def keys(self) -> PublicKeys:
        """What its seals are signed with."""
        return {key_id(self.key.public): self.key.public}

    async def superuser(self, *statements: str, **parameters: Any) -> None:
        """Statements of somebody whom no permission and no trigger stops."""
        await as_superuser(self.servers, self.url, *statements, **parameters)


async def findings_of(servers: Servers, subjects: list[Subject], grace: timedelta = GRACE) -> list[str]:
    """What verification finds in these, in its words."""
    found: list[Finding] = []
    async with servers.admin_log() as log:
        verification = Verification(subjects, log, found.append, grace=grace)
        assert await verification.run() == len(found)
    return [str(finding) for finding in found]


async def as_superuser(servers: Servers, url: str, *statements: str, **parameters: Any) -> None:
    """Run statements in the database of ``url`` with the administrator's rights; each must touch a row."""
    admin = make_url(servers.embedded.endpoints.admin_database_url).set(database=make_url(url).database)
    engine = create_async_engine(admin)
    try:
        async with engine.begin() as connection:
            for statement in statements:
                result: CursorResult[Any] = await connection.execute(text(statement), parameters)
                assert result.rowcount, statement
    finally:
        await engine.dispose()
