"""Published figures: what is frozen, and whether it can be computed again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from vpr_events.contracts.figure import FigureKind
from vpr_events.event import Code
from vpr_service.requests import Body


class NewFigure(Body):
    """Which question to freeze the answer of: ``parameters`` are those of ``/v1/<kind>``, by name."""

    kind: FigureKind
    parameters: dict[str, Any] = Field(default_factory=dict, max_length=60)


class Withdrawal(Body):
    """Why a figure is no longer to be quoted, and which one is to be quoted instead."""

    reason: Code
    superseded_by: UUID | None = None


class LogPosition(BaseModel):
    """Up to where the log counts: its ``sequence``, and the last events of each family there (``heads``).

    When the log is filled anew, sequences change; the heads stand for the position then.
    """

    sequence: int
    heads: list[UUID]


class InputTold(BaseModel):
    """The rows of one cohort (``all`` without cohorts): how many, and the SHA-256 of their canonical form.

    ``exclusions`` counts those that the extract's rules leave out of every figure, by reason. Small numbers are null.
    """

    cohort: str
    records: int | None
    sha256: str
    exclusions: dict[str, int | None]


class Withdrawn(BaseModel):
    """The figure is no longer to be quoted."""

    at: datetime
    by: UUID
    reason: str
    superseded_by: UUID | None


class PublishedFigure(BaseModel):
    """A frozen answer. ``citation`` is the line to quote; ``question`` the path that asks it of the log of today.

    It was asked at ``asked_at``, until when cases that waited were seen to wait; ``as_of`` is when the newest event
    that it knows of was recorded. ``code_version`` changes with the code and the ``libraries`` that computed it.
    ``input_sha256`` is that of all rows, ``sha256`` that of the answer's bytes.
    """

    id: UUID
    citation: str
    kind: FigureKind | None
    question: str | None
    parameters: dict[str, Any] | None
    asked_at: datetime | None
    zone: str | None
    definition_version: int
    code_version: str | None
    libraries: dict[str, str] | None
    as_of: datetime
    position: LogPosition
    input_sha256: str | None
    inputs: list[InputTold] | None
    sha256: str
    published_at: datetime
    published_by: UUID
    withdrawn: Withdrawn | None


class FrozenFigure(PublishedFigure):
    """With its ``answer``, byte by byte as it was frozen; what it holds is told by ``/v1/<kind>``."""

    answer: dict[str, Any]


class Difference(BaseModel):
    """What is not as it was: ``code`` is one of DIFFERENCES, ``cohort`` whose rows it is about."""

    code: str
    detail: str
    cohort: str | None = None
    then: str | None = None
    now: str | None = None


class Reproduction(BaseModel):
    """The figure computed again from the log as of its position, now.

    ``identical``: the answer is the same, byte by byte. ``differences`` say what has changed since; where the answer is
    identical all the same, they made no difference. ``now_sha256`` is null where it could not be computed.
    """

    figure_id: UUID
    identical: bool
    then_sha256: str
    now_sha256: str | None
    differences: list[Difference]


DIFFERENCES = {
    "definition_version": "The definitions have a new version.",
    "code_version": "The code, or a library that it computes with, has changed.",
    "log_filled_anew": "Events stand in other places of the log, which was filled anew: the position is its heads'.",
    "events_missing": "The read model lacks events that the position is named by, so nothing was computed.",
    "question_not_understood": "This version no longer answers the question, so nothing was computed.",
    "answer_lost": "The database lost the question and the answer; the event log has their digests alone.",
    "zone": "The city's time zone is another one; it was computed in the old one.",
    "records": "There are more or fewer rows than there were.",
    "columns": "These columns of the rows differ.",
    "answer": "The same rows give another answer.",
}
"""Every code of a difference."""
