"""The first tables of video."""

import sqlalchemy as sa
from alembic import op

from vpr_events.migrations import v0001

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the library's tables and video's own."""
    v0001.upgrade()
    _sessions()
    op.create_table(
        "invites",
        sa.Column("invite_id", sa.Uuid, primary_key=True),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False, unique=True),
        sa.Column("expires_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("invites", "sessions"):
        op.drop_table(name)
    v0001.downgrade()


def _sessions() -> None:
    points = ("resident_joined_at", "officer_joined_at", "connected_at", "ended_at")
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        *(sa.Column(name, sa.Uuid, nullable=False) for name in ("request_id", "case_id", "report_id", "officer_id")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        *(sa.Column(point, MOMENT) for point in points),
        sa.Column("end_reason", sa.Text),
    )
    op.create_index("sessions_created_at", "sessions", ["created_at", "id"])
    op.create_index("sessions_officer_id_created_at", "sessions", ["officer_id", "created_at"])
    op.create_index("sessions_case_id", "sessions", ["case_id"])
