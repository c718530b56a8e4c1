"""The log's messages against the events of their owners."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.codec import Malformed
from vpr_events.contracts import OWNERS
from vpr_events.event import Envelope
from vpr_events.pull import Delivery
from vpr_events.tables import events
from vpr_events.verifying.findings import Evidence, Finding, Progress, Report

_WITH_IDS = select(events).where(events.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid))))


@dataclass
class LogCheck:
    """Takes the log's messages as they come; each must stand in its owner's database, byte for byte.

    It looks at the databases of the present, not at the snapshot: what is in the log was committed before.
    """

    engines: Mapping[str, AsyncEngine]
    evidence: Mapping[str, Evidence]
    report: Report
    progress: Progress
    read: int = 0

    async def take(self, batch: Sequence[Delivery]) -> None:
        """Look at some messages."""
        by_owner: defaultdict[str, list[tuple[UUID, Delivery]]] = defaultdict(list)
        for one in batch:
            owner, event_id = _owner_of(one), _id_of(one)
            if owner is None or event_id is None:
                self.report(Finding("log", f"message {_sequence(one)}", "it is not one of our events"))
            elif owner in self.engines:
                by_owner[owner].append((event_id, one))
        for owner, some in by_owner.items():
            await self._compare(owner, some)
        self.read += len(batch)
        self.progress("messages", self.read)

    async def _compare(self, owner: str, some: Sequence[tuple[UUID, Delivery]]) -> None:
        async with self.engines[owner].connect() as connection:
            found = await connection.execute(_WITH_IDS, {"ids": [event_id for event_id, _ in some]})
            rows = {row.id: row for row in found}
        evidence = self.evidence[owner]
        for event_id, message in some:
            evidence.messages += 1
            where = f"message {_sequence(message)} of the log, event {event_id}"
            row = rows.get(event_id)
            if row is None:
                self.report(Finding(owner, where, "the database has no such event"))
                continue
            evidence.logged.add(row.position)
            if differing := _differences(row, message):
                self.report(Finding(owner, where, f"the database has it with other {', '.join(differing)}"))


def _differences(row: Row[*tuple[Any, ...]], message: Delivery) -> list[str]:
    """The names of what is not alike. Names that the message made up are not repeated."""
    try:
        stored = _attributes(headers_of(cast("Envelope", row)))
        subject = subject_of(row.type)
    except (KeyError, Malformed):
        return ["stream or type, which are not ours"]
    there = _attributes(message.headers)
    differing = [name for name in stored if there.get(name) != stored[name]]
    differing += ["attributes that are not ours"] if there.keys() - stored.keys() else []
    differing += ["subject"] if message.subject != subject else []
    return differing + (["body"] if message.body != row.body else [])


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("ce-")}


def _id_of(message: Delivery) -> UUID | None:
    try:
        return UUID(message.headers["ce-id"])
    except (KeyError, ValueError):
        return None


def _owner_of(message: Delivery) -> str | None:
    """``vpr.report.filed`` -> intake."""
    return OWNERS.get(message.subject.split(".")[1])


def _sequence(message: Delivery) -> str:
    """Where it lies in the log: ``$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>…``."""
    return message.reply.split(".")[5]
