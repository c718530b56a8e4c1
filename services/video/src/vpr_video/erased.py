"""Reports that were erased: whoever stores something personal of one waits for its erasure, or comes before it.

Storing holds a lock of the report that storers share; the erasure takes it alone, and deletes what was stored before.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.decider import Refused
from vpr_events.event import Recorded, derived_id
from vpr_events.locks import number_of
from vpr_events.tables import effects
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


ERASURE, OBJECT_REMOVAL = "evidence_erasure", "evidence_object_removal"
"""The kinds of the effects by which evidence follows."""

TELL = insert(effects).on_conflict_do_nothing()
REMOVE_ERASED = text("""
insert into effects (id, kind, data, correlation_id, causation_id)
select cast(left(encode(sha256(convert_to(concat_ws('/', cast(:event as uuid), name), 'UTF8')), 'hex'), 32) as uuid),
  'evidence_object_removal', jsonb_build_object('object', name), cast(:report as uuid), cast(:event as uuid)
from stored_objects where report_id = cast(:report as uuid)
on conflict do nothing
""")


def project_evidence_erasure(event: Recorded) -> Iterable[Write]:
    """The effects of a report's erasure."""
    if not isinstance(event.data, ReportPersonalDataErased):
        return
    report = event.entity_id
    yield Write(report, REMOVE_ERASED, {"event": event.id, "report": report})
    telling = {
        "id": derived_id(event.id, ERASURE),
        "kind": ERASURE,
        "data": {"rule": event.data.rule or event.data.basis},
        "correlation_id": report,
        "causation_id": event.id,
    }
    yield Write(report, TELL, telling)
