"""Who is in a session, by what residents are known, who holds cases, and what was written in calls."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.add_column("sessions", sa.Column("mode", sa.Text))
    _participants()
    op.create_table(
        "holders",
        sa.Column("case_id", sa.Uuid, primary_key=True),
        sa.Column("officer_id", sa.Uuid),
        sa.Column("version", sa.Integer, nullable=False),
    )
    _chat()


def downgrade() -> None:
    """Drop them."""
    for name in ("chat", "holders", "credentials", "participants"):
        op.drop_table(name)
    op.drop_column("sessions", "mode")


def _participants() -> None:
    op.create_table(
        "participants",
        sa.Column("session_id", sa.Uuid, primary_key=True),
        sa.Column("participant_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("admitted_at", MOMENT),
        sa.Column("left_at", MOMENT),
        sa.Column("consents", sa.ARRAY(sa.Text), nullable=False),
    )
    op.create_table(
        "credentials",
        sa.Column("token_digest", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("participant_id", sa.Uuid, nullable=False),
    )


def _chat() -> None:
    ids = ("session_id", "report_id", "participant_id")
    op.create_table(
        "chat",
        sa.Column("id", sa.Uuid, primary_key=True),
        *(sa.Column(name, sa.Uuid, nullable=False) for name in ids),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("chat_session_id", "chat", ["session_id", "at", "id"])
    op.create_index("chat_report_id", "chat", ["report_id"])
