"""The first tables of triage."""

import sqlalchemy as sa
from alembic import op

from vpr_events.migrations import v0001

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the library's tables and triage's own."""
    v0001.upgrade()
    _cases()
    _progress()
    _notes()


def downgrade() -> None:
    """Drop them."""
    for name in ("notes", "progress", "cases"):
        op.drop_table(name)
    v0001.downgrade()


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("district", sa.Text),
        sa.Column("priority", sa.Integer),
        sa.Column("gravest", sa.Text),
        sa.Column("gravity", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("holder", sa.Uuid),
        sa.Column("lease_until", MOMENT),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("claimed_at", MOMENT),
        sa.Column("request_id", sa.Uuid),
        sa.Column("requested_at", MOMENT),
        sa.Column("assessment_id", sa.Uuid),
        sa.Column("assessed_by", sa.Uuid),
        sa.Column("assessed_at", MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("closed_at", MOMENT),
        sa.Column("close_reason", sa.Text),
    )
    op.create_index("cases_queue", "cases", ["status", "gravity", "opened_at", "id"])
    op.create_index("cases_holder", "cases", ["holder"])


def _progress() -> None:
    points = ("session_connected_at", "session_ended_at", "dispatched_at", "on_scene_at", "cleared_at",
              "dispatch_cancelled_at")  # fmt: skip
    op.create_table(
        "progress",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        *(sa.Column(point, MOMENT) for point in points),
    )


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("officer_id", sa.Uuid, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_notes_case_id", "notes", ["case_id"])
