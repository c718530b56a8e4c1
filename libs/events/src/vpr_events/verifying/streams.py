"""A service's events against their hash chains, their streams' numbering, the log and the seals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events import store
from vpr_events.event import made_at
from vpr_events.tables import events, outbox
from vpr_events.verifying.findings import Evidence, Finding, Progress, Report

BATCH = 2000

_ALL = select(events, events.c.id.in_(select(outbox.c.event_id)).label("waiting")).order_by(
    events.c.stream, events.c.version
)


@dataclass
class StreamCheck:
    """One service's events, read once in the order of their streams."""

    service: str
    snapshot: AsyncConnection
    grace: timedelta
    report: Report
    progress: Progress
    evidence: Evidence
    _stream: str = field(default="", init=False)
    _version: int = field(default=0, init=False)
    _hash: str = field(default=store.GENESIS, init=False)
    _counted: list[int] = field(default_factory=lambda: [0, 0], init=False)
    _tail: int = field(default=0, init=False)
    _oldest: UUID | None = field(default=None, init=False)

    async def run(self) -> None:
        """Look at every event."""
        result = await self.snapshot.stream(_ALL.execution_options(yield_per=BATCH))
        async for rows in result.mappings().partitions():
            for row in rows:
                self._check(cast("Mapping[str, Any]", row))
            self.evidence.events += len(rows)
            self.progress("events", self.evidence.events)
        self._check_counts()
        self._check_tail()

    def _check(self, row: Mapping[str, Any]) -> None:
        if row["stream"] != self._stream:
            self._stream, self._version, self._hash = row["stream"], 0, store.GENESIS
            self.evidence.streams += 1
        self._check_chain(row)
        if row["position"] not in self.evidence.logged and not row["waiting"]:
            self._find(row, "it is neither in the log nor waiting in the outbox")
        self._check_sealed(row)
        self._version, self._hash = row["version"], row["hash"]

    def _check_chain(self, row: Mapping[str, Any]) -> None:
        if row["version"] != self._version + 1:
            self._find(row, f"versions {self._version + 1} to {row['version'] - 1} of its stream are missing")
        elif store.chain_hash(self._hash, row) != row["hash"]:
            self._find(row, "its bytes and attributes do not have its hash")

    def _check_sealed(self, row: Mapping[str, Any]) -> None:
        if row["position"] <= self.evidence.sealed_up_to:
            self._counted[0] += 1
            self._counted[1] += row["version"] == 1
        if row["position"] in self.evidence.sealed:
            return
        if row["position"] <= self.evidence.sealed_up_to:
            self._find(row, "no seal covers it, though later ones are sealed")
        else:
            self._tail += 1
            self._oldest = min(self._oldest or row["id"], row["id"])

    def _check_counts(self) -> None:
        stated, counted = self.evidence.stated, tuple(self._counted)
        if stated is not None and stated != counted:
            what = f"states {stated[0]} events in {stated[1]} streams, there are {counted[0]} in {counted[1]}"
            self.report(Finding(self.service, "newest seal", what))

    def _check_tail(self) -> None:
        if self._oldest and (age := datetime.now(UTC) - made_at(self._oldest)) > self.grace:
            what = f"{self._tail} are not sealed, the oldest for {int(age.total_seconds())} s"
            self.report(Finding(self.service, "newest events", what))

    def _find(self, row: Mapping[str, Any], what: str) -> None:
        where = f"event {row['id']} ({row['stream']} version {row['version']}, position {row['position']})"
        self.report(Finding(self.service, where, what))
