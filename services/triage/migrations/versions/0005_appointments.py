"""The time that was agreed for a case, and the first one that could have been had."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns."""
    op.add_column("cases", sa.Column("appointment_id", sa.Uuid))
    op.add_column("cases", sa.Column("appointment_at", Moment))
    op.add_column("cases", sa.Column("appointment_zone", sa.Text))
    op.add_column("cases", sa.Column("earliest_at", Moment))


def downgrade() -> None:
    """Drop them."""
    for name in ("appointment_id", "appointment_at", "appointment_zone", "earliest_at"):
        op.drop_column("cases", name)
