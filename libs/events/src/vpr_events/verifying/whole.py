"""The whole comparison. It is safe beside running services, and flat in memory.

The order is what makes it so. The seals' files are listed before the databases' snapshots are taken: every file has a
row by then. The snapshots are taken before the log is read to its end: what has left an outbox by then is in the log.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events.event import new_id
from vpr_events.log import EventLog
from vpr_events.replay import replaying
from vpr_events.seals import PublicKeys, SealFolder
from vpr_events.verifying.findings import Evidence, Finding, Progress, Report
from vpr_events.verifying.logged import LogCheck
from vpr_events.verifying.sealed import SealCheck
from vpr_events.verifying.streams import StreamCheck

GRACE = timedelta(minutes=5)
"""How long events may stay unsealed."""


@dataclass(frozen=True)
class Subject:
    """A service to be verified: ``engine`` reads its database, ``keys`` are those that its seals may be signed with."""

    service: str
    engine: AsyncEngine
    folder: SealFolder
    keys: PublicKeys


def _silent(_: str, __: int) -> None:
    """Nobody watches."""


@dataclass
class Verification:
    """One run. ``report`` is told each finding as it is found; ``evidence`` counts what was read, by service."""

    subjects: Sequence[Subject]
    log: EventLog
    report: Report
    progress: Progress = _silent
    grace: timedelta = GRACE
    findings: int = field(default=0, init=False)
    evidence: Mapping[str, Evidence] = field(init=False)

    def __post_init__(self) -> None:
        self.evidence = {subject.service: Evidence() for subject in self.subjects}

    async def run(self) -> int:
        """Compare everything; how many findings. Raises LogUnavailable, or what a database raises."""
        listed = {subject.service: subject.folder.numbers() for subject in self.subjects}
        async with AsyncExitStack() as stack:
            snapshots = {one.service: await stack.enter_async_context(_snapshot(one.engine)) for one in self.subjects}
            await self._read_log()
            for subject in self.subjects:
                await self._check(subject, snapshots[subject.service], listed[subject.service])
        return self.findings

    async def _read_log(self) -> None:
        engines = {subject.service: subject.engine for subject in self.subjects}
        check = LogCheck(engines, self.evidence, self._found, self.progress)
        async with replaying(self.log, f"verify-{new_id().hex}", check.take) as replay:
            await replay.catch_up()

    async def _check(self, subject: Subject, snapshot: AsyncConnection, listed: Sequence[int]) -> None:
        told = (self.grace, self._found, self.progress, self.evidence[subject.service])
        await SealCheck(subject.service, snapshot, subject.folder, subject.keys, listed, *told).run()
        await StreamCheck(subject.service, snapshot, *told).run()

    def _found(self, finding: Finding) -> None:
        self.findings += 1
        self.report(finding)


@asynccontextmanager
async def _snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that sees one moment of a database, and writes nothing."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        await connection.execute(select(text("1")))  # the first statement takes the snapshot
        yield connection
