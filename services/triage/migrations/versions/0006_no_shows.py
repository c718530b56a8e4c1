"""How often the resident did not come, and what is to be done about it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing told of it before."""
    op.add_column("cases", sa.Column("no_shows", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("cases", sa.Column("next_step", sa.Text))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("cases", "next_step")
    op.drop_column("cases", "no_shows")
