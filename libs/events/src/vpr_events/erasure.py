"""Erasing a report's personal data: what every service does on ``report.personal_data_erased``.

Another service's events come under no lock of the own streams. So whoever writes something personal of a report shares
a lock of that report, which the erasure takes alone: what was written before is deleted, and afterwards the report is
known as erased.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from sqlalchemy import Column, DateTime, Executable, MetaData, Table, Uuid, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.decider import Refused
from vpr_events.event import Recorded
from vpr_events.locks import number_of
from vpr_events.passes import Projector
from vpr_events.writes import Write, inserting

SHARE = select(func.pg_advisory_xact_lock_shared(bindparam("number")))
TAKE = select(func.pg_advisory_xact_lock(bindparam("number")))


def erasing(*deletions: Executable) -> Projector:
    """A projector that runs these statements for an erased report, whose id is their parameter ``report``."""

    def project_erasure(event: Recorded) -> Iterable[Write]:
        if isinstance(event.data, ReportPersonalDataErased):
            for deletion in deletions:
                yield Write(event.entity_id, deletion, {"report": event.entity_id})

    return project_erasure


def erased_reports_of(metadata: MetaData) -> Table:
    """The table of the reports of which a service keeps nothing personal any more."""
    return Table(
        "erased_reports",
        metadata,
        Column("report_id", Uuid, primary_key=True),
        Column("erased_at", DateTime(timezone=True), nullable=False),
    )


def _number(report_id: UUID) -> dict[str, int]:
    return {"number": number_of(f"erasure/{report_id}")}


def keeping(report_id: UUID) -> Write:
    """Waits for an erasure of the report that runs: to be written before a row by ``Erased.inserting``."""
    return Write(report_id, SHARE, _number(report_id))


@dataclass(frozen=True)
class Erased:
    """The erased reports in a ``table``."""

    table: Table

    @cached_property
    def _note(self) -> Executable:
        return upsert(self.table).on_conflict_do_nothing()

    def inserting(self, personal: Table) -> Executable:
        """An insert of a row of all columns, which does nothing for a ``report_id`` (a parameter) that was erased."""
        return inserting(personal, ~exists().where(self.table.c.report_id == bindparam("report_id", type_=Uuid)))

    async def check_kept(self, connection: AsyncConnection, report_id: UUID) -> None:
        """Until the transaction's end the report is not erased. Raises Refused where it was."""
        await connection.execute(SHARE, _number(report_id))
        query = select(exists().where(self.table.c.report_id == report_id))
        if (await connection.execute(query)).scalar_one():
            raise Refused("erased", "the report's personal data was erased: nothing more is kept of it")

    def note(self, event: Recorded) -> Iterable[Write]:
        """A projector, which comes before those that erase."""
        if isinstance(event.data, ReportPersonalDataErased):
            report = event.entity_id
            yield Write(report, TAKE, _number(report))
            yield Write(report, self._note, {"report_id": report, "erased_at": event.occurred_at})
