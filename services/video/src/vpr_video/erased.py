"""Reports that were erased: of them nothing personal is kept any more, and evidence follows by effects."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.erasure import Erased
from vpr_events.event import Recorded, derived_id
from vpr_events.tables import effects
from vpr_events.writes import Write
from vpr_video.tables import erased_reports

ERASED = Erased(erased_reports)
check_kept, note_erasure = ERASED.check_kept, ERASED.note

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
