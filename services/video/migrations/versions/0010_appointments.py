"""Sessions at a time that was agreed, and what each try to send was for."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Sessions from before are for now, tries were invitations."""
    op.add_column("sessions", sa.Column("scheduled_at", Moment))
    op.add_column("sessions", sa.Column("scheduled_zone", sa.Text))
    op.add_column("sessions", sa.Column("opens_at", Moment))
    op.add_column(
        "invite_attempts", sa.Column("purpose", sa.Text, nullable=False, server_default=sa.text("'invitation'"))
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("invite_attempts", "purpose")
    for name in ("opens_at", "scheduled_zone", "scheduled_at"):
        op.drop_column("sessions", name)
