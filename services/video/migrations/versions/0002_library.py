"""The library's timers, effects, marks and seals."""

from vpr_events.migrations import v0002

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the library's new tables."""
    v0002.upgrade()


def downgrade() -> None:
    """Drop them."""
    v0002.downgrade()
