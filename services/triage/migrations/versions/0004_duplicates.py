"""Of which case another is the duplicate."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("cases", sa.Column("duplicate_of", sa.Uuid))
    op.create_index("ix_cases_duplicate_of", "cases", ["duplicate_of"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_cases_duplicate_of", "cases")
    op.drop_column("cases", "duplicate_of")
