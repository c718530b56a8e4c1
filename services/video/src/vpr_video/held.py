"""What video holds about a report."""

from sqlalchemy import Text, bindparam, cast, select

from vpr_service.held import Holdings
from vpr_video.tables import invites, sessions

OF_REPORT = sessions.c.report_id == bindparam("report")
WITHOUT = {"officer_id", "request_id", "case_id", "report_id"}

HOLDINGS = Holdings(
    parts={
        "sessions": select(*(column for column in sessions.c if column.name not in WITHOUT))
        .where(OF_REPORT)
        .order_by(sessions.c.created_at, sessions.c.id),
        "invitations": select(invites.c.session_id, invites.c.expires_at)
        .join(sessions, sessions.c.id == invites.c.session_id)
        .where(OF_REPORT)
        .order_by(invites.c.expires_at),
    },
    streams=select("session/" + cast(sessions.c.id, Text)).where(OF_REPORT),
)
