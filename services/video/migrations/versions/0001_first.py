"""The first tables of video."""

from vpr_events.migrations import v0001

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the library's tables and video's own."""
    v0001.upgrade()


def downgrade() -> None:
    """Drop them."""
    v0001.downgrade()
