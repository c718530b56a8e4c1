"""Published figures in PostgreSQL: rows out of the events, the frozen answers beside them, and how both are found."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.figure import FigurePublished, FigureWithdrawn
from vpr_events.event import Recorded
from vpr_events.writes import Write
from vpr_metrics.tables import Moment, figures, frozen_answers

type Row = RowMapping

PUBLISH = upsert(figures).on_conflict_do_nothing()
FREEZE = insert(frozen_answers)
WITHDRAW = (
    update(figures)
    .where(figures.c.id == bindparam("this"))
    .values(
        version=bindparam("to"),
        withdrawn_at=bindparam("at", type_=Moment),
        withdrawn_by=bindparam("by"),
        reason=bindparam("why"),
        superseded_by=bindparam("instead"),
    )
)

BESIDE = figures.outerjoin(frozen_answers, frozen_answers.c.figure_id == figures.c.id)
DETAILS = (frozen_answers.c.parameters, frozen_answers.c.asked_at, frozen_answers.c.zone, frozen_answers.c.libraries,
           frozen_answers.c.inputs)  # fmt: skip


def project_figure(event: Recorded) -> Iterable[Write]:
    """A published figure, and that it was withdrawn."""
    entity = event.entity_id
    match event.data:
        case FigurePublished() as told:
            row = told.model_dump(exclude={"question_sha256"}) | {"id": entity, "version": event.version}
            row |= {"heads": list(told.heads), "published_at": event.occurred_at}
            yield Write(entity, PUBLISH, row | {"kind": told.kind.value if told.kind else None})
        case FigureWithdrawn() as told:
            row = {"this": entity, "to": event.version, "at": event.occurred_at, "by": told.withdrawn_by}
            yield Write(entity, WITHDRAW, row | {"why": told.reason, "instead": told.superseded_by})


def frozen(figure_id: UUID, **columns: Any) -> Write:
    """The answer of a figure, and what it was asked."""
    return Write(figure_id, FREEZE, {"figure_id": figure_id, **columns})


async def one_figure(connection: AsyncConnection, figure_id: UUID, *, answer: bool = False) -> Row | None:
    """A figure with its question, and with its ``answer``; both are None where the database lost them."""
    columns = [*figures.c, *DETAILS, *([frozen_answers.c.answer] if answer else [])]
    query = select(*columns).select_from(BESIDE).where(figures.c.id == figure_id)
    return (await connection.execute(query)).mappings().one_or_none()


async def list_figures(
    connection: AsyncConnection, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[Row]:
    """Figures, the newest first, from behind ``after`` (published_at, id)."""
    key = tuple_(figures.c.published_at, figures.c.id)
    query = select(*figures.c, *DETAILS).select_from(BESIDE).order_by(key.desc()).limit(limit)
    if after:
        query = query.where(key < tuple_(*after))
    return list((await connection.execute(query)).mappings())
