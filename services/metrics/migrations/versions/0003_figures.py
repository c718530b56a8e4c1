"""Published figures, and their frozen answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "figures",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("definition_version", sa.Integer, nullable=False),
        sa.Column("code_version", sa.Text),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("position", sa.BigInteger),
        sa.Column("heads", ARRAY(sa.Uuid), nullable=False),
        sa.Column("input_sha256", sa.Text),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("published_by", sa.Uuid, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.Column("withdrawn_by", sa.Uuid),
        sa.Column("reason", sa.Text),
        sa.Column("superseded_by", sa.Uuid),
    )
    op.create_index("figures_published_at", "figures", ["published_at", "id"])
    op.create_table(
        "frozen_answers",
        sa.Column("figure_id", sa.Uuid, primary_key=True),
        sa.Column("parameters", JSONB, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("libraries", JSONB, nullable=False),
        sa.Column("inputs", JSONB, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("frozen_answers")
    op.drop_table("figures")
