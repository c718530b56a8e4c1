"""Metrics's tables. ``PERSONAL`` names those that hold personal data: nothing outside them may."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from vpr_events import tables as library

metadata = MetaData()
library.add_to(metadata)

Moment = DateTime(timezone=True)

figures = Table(
    "figures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text),
    Column("definition_version", Integer, nullable=False),
    Column("code_version", Text),
    Column("as_of", Moment, nullable=False),
    Column("position", BigInteger),
    Column("heads", ARRAY(Uuid), nullable=False),
    Column("input_sha256", Text),
    Column("sha256", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("published_by", Uuid, nullable=False),
    Column("withdrawn_at", Moment),
    Column("withdrawn_by", Uuid),
    Column("reason", Text),
    Column("superseded_by", Uuid),
)
Index("figures_published_at", figures.c.published_at, figures.c.id)
"""What the events tell of published figures."""

frozen_answers = Table(
    "frozen_answers",
    metadata,
    Column("figure_id", Uuid, primary_key=True),
    Column("parameters", JSONB, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("zone", Text, nullable=False),
    Column("libraries", JSONB, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)
"""The questions and answers themselves, byte by byte: the events hold their digests."""

PERSONAL: tuple[Table, ...] = ()
