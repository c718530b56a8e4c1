"""What video holds about a report."""

from sqlalchemy import Text, bindparam, cast, select

from vpr_service.held import Holdings
from vpr_video.queries import LOCATION
from vpr_video.tables import (
    chat,
    checklist_ticks,
    evidence,
    evidence_files,
    guests,
    invites,
    locations,
    positions,
    sessions,
    upload_links,
)

OF_REPORT = sessions.c.report_id == bindparam("report")
WITHOUT = {"officer_id", "request_id", "case_id", "report_id"}

FILE = {"file_name", "note", "device_time", "facts", "edits"}
SENT = {"id", "session_id", "kind", "state", "reason", "participant", "opened_at", "captured_at", "media_type", "size",
        "sha256", "incomplete", "purpose", "method", "made_with"}  # fmt: skip

HOLDINGS = Holdings(
    parts={
        "sessions": select(*(column for column in sessions.c if column.name not in WITHOUT))
        .where(OF_REPORT)
        .order_by(sessions.c.created_at, sessions.c.id),
        "invitations": select(*(column for column in invites.c if column.name != "invite_id"))
        .join(sessions, sessions.c.id == invites.c.session_id)
        .where(OF_REPORT)
        .order_by(invites.c.expires_at),
        "chat": select(chat.c.session_id, chat.c.at, chat.c.kind, chat.c.text)
        .where(chat.c.report_id == bindparam("report"))
        .order_by(chat.c.at, chat.c.id),
        "locations": select(locations.c.session_id, *(locations.c[name] for name in LOCATION))
        .where(locations.c.report_id == bindparam("report"))
        .order_by(locations.c.located_at),
        "positions": select(
            *(positions.c[name] for name in ("session_id", *LOCATION[:3], "measured_at", "received_at"))
        )
        .where(positions.c.report_id == bindparam("report"))
        .order_by(positions.c.received_at, positions.c.measured_at),
        "ticked": select(*(checklist_ticks.c[name] for name in ("session_id", "checklist", "point", "ticked", "at")))
        .where(checklist_ticks.c.report_id == bindparam("report"))
        .order_by(checklist_ticks.c.at, checklist_ticks.c.point),
        "evidence": select(*(column for column in evidence_files.c if column.name in FILE))
        .add_columns(*(column for column in evidence.c if column.name in SENT))
        .join_from(evidence_files, evidence, evidence.c.id == evidence_files.c.evidence_id)
        .where(evidence_files.c.report_id == bindparam("report"))
        .order_by(evidence.c.opened_at, evidence.c.id),
        "guests": select(
            *(guests.c[name] for name in ("session_id", "kind", "name", "issued_at", "opened_at", "revoked_at"))
        )
        .where(guests.c.report_id == bindparam("report"))
        .order_by(guests.c.issued_at),
        "upload_links": select(
            *(upload_links.c[name] for name in ("session_id", "purpose", "issued_at", "expires_at", "revoked_at"))
        )
        .where(upload_links.c.report_id == bindparam("report"))
        .order_by(upload_links.c.issued_at),
    },
    streams=select("session/" + cast(sessions.c.id, Text)).where(OF_REPORT),
)
