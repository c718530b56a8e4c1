"""What dispatch holds about a report."""

from sqlalchemy import Text, bindparam, cast, select

from vpr_dispatch.tables import dispatch_units, dispatches, withdrawals
from vpr_service.held import Holdings

OF_REPORT = dispatches.c.report_id == bindparam("report")
WITHOUT = {"case_id", "report_id", "assessment_id"}

HOLDINGS = Holdings(
    parts={
        "dispatches": select(*(column for column in dispatches.c if column.name not in WITHOUT))
        .where(OF_REPORT)
        .order_by(dispatches.c.requested_at, dispatches.c.id),
        "units": select(*(column for column in dispatch_units.c if column.name != "unit_id"))
        .join(dispatches, dispatches.c.id == dispatch_units.c.dispatch_id)
        .where(OF_REPORT)
        .order_by(dispatch_units.c.assigned_at),
        "withdrawal": select(withdrawals.c.withdrawn_at).where(withdrawals.c.report_id == bindparam("report")),
    },
    streams=select("dispatch/" + cast(dispatches.c.id, Text)).where(OF_REPORT),
)
