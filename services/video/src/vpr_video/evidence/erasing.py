"""Erasing evidence with its report: keys and words at once, objects soon, and an event for each item.

The rows are deleted by ``projections.project_erasure``, as all personal data is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.effect_runner import Task, Tried
from vpr_events.event import Recorded, derived_id
from vpr_events.tables import effects
from vpr_events.writes import Write
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import EraseEvidence
from vpr_video.evidence import items
from vpr_video.evidence.taking import execution_of

ERASURE, OBJECT_REMOVAL = "evidence_erasure", "evidence_object_removal"
"""The kinds of the effects."""

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


@dataclass(frozen=True)
class Eraser:
    """The handler that tells, item by item, what was erased with a report."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Tell of all items of one report."""
        async with self.runtime.reading() as connection:
            rows = await items.items_of_report(connection, UUID(str(task.correlation_id)))
        rule, now = str(task.data["rule"]), self.runtime.now()
        return Tried(
            executions=[execution_of(row, EraseEvidence(at=now, evidence_id=row["id"], rule=rule)) for row in rows]
        )
