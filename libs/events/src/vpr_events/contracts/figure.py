"""Family ``figure``, owned by metrics: a number that was quoted, frozen so that it can be reproduced."""

from uuid import UUID

from vpr_events.event import Code, Event, Instant, Sha256


class FigurePublished(Event, name="figure.published"):
    """A figure was frozen: its definition's version, what the log held, and the digest of the answer."""

    definition_version: int
    as_of: Instant
    sha256: Sha256
    published_by: UUID


class FigureWithdrawn(Event, name="figure.withdrawn"):
    """The figure is no longer to be quoted."""

    reason: Code
    withdrawn_by: UUID
