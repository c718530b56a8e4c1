"""Family ``figure``, owned by metrics: a number that was quoted, frozen so that it can be reproduced."""

from enum import StrEnum
from uuid import UUID

from vpr_events.event import Code, Event, Instant, Sha256


class FigureKind(StrEnum):
    """Which question a figure answers."""

    TIMINGS = "timings"
    SURVIVAL = "survival"
    COMPARE = "compare"
    FLOW = "flow"


class FigurePublished(Event, name="figure.published"):
    """A figure was frozen: its definition's version, what the log held, and the digest of the answer.

    ``position`` is the place in the log up to which it is answered, ``heads`` are the last events of each family there:
    places change when the log is filled anew, ids do not. ``input_sha256`` is the digest of the rows that went into it.
    """

    definition_version: int
    as_of: Instant
    sha256: Sha256
    published_by: UUID
    kind: FigureKind | None = None
    position: int | None = None
    heads: tuple[UUID, ...] = ()
    question_sha256: Sha256 | None = None
    input_sha256: Sha256 | None = None
    code_version: Code | None = None


class FigureWithdrawn(Event, name="figure.withdrawn"):
    """The figure is no longer to be quoted; ``superseded_by`` names the one to quote instead."""

    reason: Code
    withdrawn_by: UUID
    superseded_by: UUID | None = None
