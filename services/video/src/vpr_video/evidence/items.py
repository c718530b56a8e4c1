"""Items as rows: what is known of one, its chunks, and what is written about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.erasure import keeping
from vpr_events.writes import Write
from vpr_evidence.chunked import Chunk, Chunked
from vpr_evidence.objects import Objects
from vpr_video.erased import ERASED
from vpr_video.tables import evidence, evidence_chunks, evidence_files, stored_objects

OBJECTS = Objects(stored_objects, evidence_chunks.c.object_name)

INSERT_FILE = ERASED.inserting(evidence_files)
INSERT_CHUNK = insert(evidence_chunks)
CLAIM_OBJECT = (
    update(stored_objects).where(stored_objects.c.name == bindparam("object")).values(report_id=bindparam("report"))
)
FORGET_OBJECT = delete(stored_objects).where(stored_objects.c.name == bindparam("object"))
FORGET_CHUNK = delete(evidence_chunks).where(evidence_chunks.c.object_name == bindparam("object"))

type Row = dict[str, Any]

_count = (
    select(func.count())
    .select_from(evidence_chunks)
    .where(evidence_chunks.c.evidence_id == evidence.c.id)
    .scalar_subquery()
    .label("chunks")
)
_length = (
    select(func.coalesce(func.sum(evidence_chunks.c.size), 0))
    .where(evidence_chunks.c.evidence_id == evidence.c.id)
    .scalar_subquery()
    .label("received")
)
_file = tuple(column for column in evidence_files.c if column.name not in {"evidence_id", "report_id"})
_original = evidence.alias("original")
_of = _original.c.method.label("original_method")
_ITEMS: Select[*tuple[Any, ...]] = (
    select(*evidence.c, *_file, _count, _length, _of)
    .outerjoin(evidence_files, evidence_files.c.evidence_id == evidence.c.id)
    .outerjoin(_original, _original.c.id == evidence.c.copied_from)
)


async def one_item(connection: AsyncConnection, evidence_id: UUID) -> Row | None:
    """An item with what its sender said of it, and ``chunks`` and ``received``: so many, of so many bytes. Personal.

    ``wrapped_key`` is null for one that was discarded or erased. ``original_method`` is that of which a copy was made.
    """
    row = (await connection.execute(_ITEMS.where(evidence.c.id == evidence_id))).mappings().one_or_none()
    return dict(row) if row else None


async def items_of(connection: AsyncConnection, session_id: UUID) -> list[Row]:
    """A session's items in the order in which they were begun. Personal."""
    query = _ITEMS.where(evidence.c.session_id == session_id).order_by(evidence.c.opened_at, evidence.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def items_of_report(connection: AsyncConnection, report_id: UUID) -> list[Row]:
    """All items of a report's sessions."""
    rows = (
        await connection.execute(_ITEMS.where(evidence.c.report_id == report_id).order_by(evidence.c.id))
    ).mappings()
    return [dict(row) for row in rows]


async def count_of(connection: AsyncConnection, session_id: UUID) -> int:
    """How many items a session has or had."""
    query = select(func.count()).select_from(evidence).where(evidence.c.session_id == session_id)
    return int((await connection.execute(query)).scalar_one())


async def received_of(connection: AsyncConnection, session_id: UUID) -> int:
    """How many bytes a session's items have, copies and documents too."""
    query = select(func.coalesce(func.sum(evidence_chunks.c.size), 0)).join(
        evidence, evidence.c.id == evidence_chunks.c.evidence_id
    )
    return int((await connection.execute(query.where(evidence.c.session_id == session_id))).scalar_one())


async def chunks_of(connection: AsyncConnection, evidence_id: UUID) -> Sequence[Chunk]:
    """An item's chunks, in their order."""
    query = select(evidence_chunks).where(evidence_chunks.c.evidence_id == evidence_id)
    rows = (await connection.execute(query.order_by(evidence_chunks.c.sequence))).all()
    return [Chunk(row.sequence, row.object_name, row.size, row.sha256) for row in rows]


async def hash_at(connection: AsyncConnection, evidence_id: UUID, sequence: int) -> str | None:
    """The hash of a chunk that was acknowledged; None for one that was not."""
    query = select(evidence_chunks.c.sha256).where(
        evidence_chunks.c.evidence_id == evidence_id, evidence_chunks.c.sequence == sequence
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def chunked(connection: AsyncConnection, row: Row) -> Chunked:
    """The stored item of a row that has a key."""
    return Chunked(row["id"], row["wrapped_key"], await chunks_of(connection, row["id"]))


def file_kept(evidence_id: UUID, report_id: UUID, **told: Any) -> Iterable[Write]:
    """The key of an item, and what its sender says of it: ``told`` are the columns of ``evidence_files``."""
    row = dict.fromkeys(evidence_files.c.keys()) | {"evidence_id": evidence_id, "report_id": report_id}
    yield keeping(report_id)
    yield Write(report_id, INSERT_FILE, row | told)


def chunk_kept(row: Row, chunk: Chunk, at: datetime) -> Iterable[Write]:
    """A chunk that is acknowledged."""
    kept = {"evidence_id": row["id"], "sequence": chunk.sequence, "object_name": chunk.name, "size": chunk.size}
    yield Write(row["report_id"], INSERT_CHUNK, kept | {"sha256": chunk.sha256, "acknowledged_at": at})
    yield Write(row["report_id"], CLAIM_OBJECT, {"object": chunk.name, "report": row["report_id"]})


def object_forgotten(name: str) -> Iterable[Write]:
    """An object is gone, and the chunk that it held."""
    yield Write(name, FORGET_CHUNK, {"object": name})
    yield Write(name, FORGET_OBJECT, {"object": name})
