"""Reports that were erased: whoever stores something personal of one waits for its erasure, or comes before it.

Storing holds a lock of the report that storers share; the erasure takes it alone, and deletes what was stored before.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.decider import Refused
from vpr_events.event import Recorded
from vpr_events.locks import number_of
from vpr_events.writes import Write
from vpr_video.tables import erased_reports

SHARE = select(func.pg_advisory_xact_lock_shared(bindparam("number")))
TAKE = select(func.pg_advisory_xact_lock(bindparam("number")))
NOTE = insert(erased_reports).on_conflict_do_nothing()


def _number(report_id: UUID) -> dict[str, int]:
    return {"number": number_of(f"erasure/{report_id}")}


def storing(report_id: UUID) -> Write:
    """To be written before something personal of a report is."""
    return Write(report_id, SHARE, _number(report_id))


async def check_kept(connection: AsyncConnection, report_id: UUID) -> None:
    """Until the transaction's end the report is not erased. Raises Refused where it was."""
    await connection.execute(SHARE, _number(report_id))
    query = select(exists().where(erased_reports.c.report_id == report_id))
    if (await connection.execute(query)).scalar_one():
        raise Refused("erased", "the report's personal data was erased: nothing more is kept of it")


def note_erasure(event: Recorded) -> Iterable[Write]:
    """A projector, which comes before those that erase."""
    if isinstance(event.data, ReportPersonalDataErased):
        report = event.entity_id
        yield Write(report, TAKE, _number(report))
        yield Write(report, NOTE, {"report_id": report, "erased_at": event.occurred_at})
