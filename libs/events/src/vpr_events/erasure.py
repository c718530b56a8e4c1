"""Erasing a report's personal data: what every service does on ``report.personal_data_erased``."""

from collections.abc import Iterable

from sqlalchemy import Executable

from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_events.event import Recorded
from vpr_events.passes import Projector
from vpr_events.writes import Write


def erasing(*deletions: Executable) -> Projector:
    """A projector that runs these statements for an erased report, whose id is their parameter ``report``."""

    def project_erasure(event: Recorded) -> Iterable[Write]:
        if isinstance(event.data, ReportPersonalDataErased):
            for deletion in deletions:
                yield Write(event.entity_id, deletion, {"report": event.entity_id})

    return project_erasure
