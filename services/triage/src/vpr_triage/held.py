"""What triage holds about a report."""

from sqlalchemy import Text, bindparam, cast, select

from vpr_service.held import Holdings
from vpr_triage.tables import cases, notes, progress

OF_REPORT = cases.c.report_id == bindparam("report")
WITHOUT = {"holder", "assessed_by", "report_id", "request_id", "appointment_id", "assessment_id", "gravity"}

HOLDINGS = Holdings(
    parts={
        "case": select(*(column for column in cases.c if column.name not in WITHOUT)).where(OF_REPORT),
        "progress": select(*(column for column in progress.c if column.name != "report_id")).where(
            progress.c.report_id == bindparam("report")
        ),
        "notes": select(notes.c.at, notes.c.text)
        .join(cases, cases.c.id == notes.c.case_id)
        .where(OF_REPORT)
        .order_by(notes.c.at, notes.c.id),
    },
    streams=select("case/" + cast(cases.c.id, Text)).where(OF_REPORT),
)
