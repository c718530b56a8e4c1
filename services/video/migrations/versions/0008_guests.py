"""Guests: interpreters and specialists who come in by a link of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "guests",
        sa.Column("invite_id", sa.Uuid, primary_key=True),
        sa.Column("session_id", sa.Uuid, nullable=False, index=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("participant_id", sa.Uuid, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False, unique=True),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("guests")
