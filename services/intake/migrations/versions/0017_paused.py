"""A webhook that fails is left alone for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns, and an index of what waits for a webhook."""
    op.add_column("webhooks", sa.Column("failing_since", MOMENT))
    op.add_column("webhooks", sa.Column("paused_until", MOMENT))
    waits = sa.text("state = 'pending'")
    op.create_index("deliveries_pending", "deliveries", ["webhook_id"], postgresql_where=waits)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("deliveries_pending", "deliveries")
    op.drop_column("webhooks", "paused_until")
    op.drop_column("webhooks", "failing_since")
