"""API keys of client systems: shown once, stored as a digest, never logged; two are valid while one is rotated."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    MetaData,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    extract,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.event import new_id
from vpr_events.notices import notice

PREFIX = "vpr"
FORM = re.compile(PREFIX + r"_[0-9a-f]{32}_[\w-]{43}", re.ASCII)
CHANGED = "client_keys"
"""The channel on which every process of the service is told that a key is good no more, by an empty notice."""


class KeyScope(StrEnum):
    """What a key is good for."""

    WRITE = "reports:write"
    READ = "reports:read"
    WEBHOOKS = "webhooks"


@dataclass(frozen=True, slots=True)
class Client:
    """A client system that holds an API key."""

    id: UUID
    name: str
    scopes: frozenset[str] = frozenset(KeyScope)

    @property
    def scope(self) -> str:
        """The scope of this client's idempotency keys."""
        return f"client:{self.id}"


class Revoked(Exception):
    """The client was shut out for good."""


def clients_table(metadata: MetaData) -> Table:
    """The table of clients, for the service that admits them. ``key_digest`` is of keys from before rotation."""
    return Table(
        "clients",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("key_digest", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("scopes", ARRAY(Text), nullable=False, server_default="{reports:write,reports:read,webhooks}"),
        Column("revoked_at", DateTime(timezone=True)),
        Column("last_used_at", DateTime(timezone=True)),
        Column("uses", BigInteger, nullable=False, server_default="0"),
    )


def client_keys_table(metadata: MetaData) -> Table:
    """The table of their keys; one without ``valid_until`` is good until it is rotated or the client is revoked."""
    return Table(
        "client_keys",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("client_id", Uuid, ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True),
        Column("digest", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("valid_until", DateTime(timezone=True)),
    )


@dataclass(frozen=True)
class Register:
    """The clients of a service, in its tables."""

    clients: Table
    keys: Table

    async def add(self, connection: AsyncConnection, name: str, scopes: Iterable[str]) -> tuple[Client, str]:
        """A new client and its key, which nobody can read again. Raises IntegrityError when the name is taken."""
        client = Client(new_id(), name, frozenset(scopes))
        row = {"id": client.id, "name": name, "scopes": sorted(client.scopes)}
        await connection.execute(insert(self.clients).values(row))
        return client, await self._new_key(connection, client.id)

    async def rotate(
        self, connection: AsyncConnection, client: UUID, overlap: timedelta
    ) -> tuple[str, datetime] | None:
        """A new key beside the newest old one, which is good until the moment returned; None without such a client.

        Raises Revoked.
        """
        query = select(self.clients.c.revoked_at).where(self.clients.c.id == client).with_for_update()
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.revoked_at:
            raise Revoked
        mine = self.keys.c.client_id == client
        newest = select(self.keys.c.id).where(mine).order_by(self.keys.c.created_at.desc()).limit(1).scalar_subquery()
        await connection.execute(delete(self.keys).where(mine, self.keys.c.id != newest))
        ending = update(self.keys).where(mine).values(valid_until=func.clock_timestamp() + overlap)
        until: datetime = (await connection.execute(ending.returning(self.keys.c.valid_until))).scalar_one()
        await self._tell(connection, client)
        return await self._new_key(connection, client), until

    async def revoke(self, connection: AsyncConnection, client: UUID) -> bool:
        """Shut a client out at once, for good; False without such a client."""
        at = func.coalesce(self.clients.c.revoked_at, func.clock_timestamp())
        statement = update(self.clients).where(self.clients.c.id == client).values(revoked_at=at, key_digest=None)
        found = await connection.execute(statement)
        await connection.execute(delete(self.keys).where(self.keys.c.client_id == client))
        await self._tell(connection, client)
        return found.rowcount > 0

    async def client_of(self, connection: AsyncConnection, key: str) -> tuple[Client, float | None] | None:
        """The client whose key this is, and for how many seconds still if it ends; None for any other text."""
        prefix, _, rest = key.partition("_")
        identity, _, secret = rest.partition("_")
        try:
            client_id = UUID(hex=identity)
        except ValueError:
            return None
        rows = (await connection.execute(self._valid, {"client": client_id})).all()
        digest = _digest(secret)
        fits = [row for row in rows if hmac.compare_digest(row.digest, digest)]
        if prefix != PREFIX or not fits:
            return None
        return Client(client_id, fits[0].name, frozenset(fits[0].scopes)), fits[0].seconds_left

    async def one(self, connection: AsyncConnection, client: UUID) -> dict[str, Any] | None:
        """A client with what is known of its keys, without any digest."""
        found = (await connection.execute(self._shown.where(self.clients.c.id == client))).mappings().one_or_none()
        return dict(found) if found else None

    async def page(
        self, connection: AsyncConnection, *, limit: int, after: Sequence[Any] | None
    ) -> list[dict[str, Any]]:
        """Clients, newest first, from behind ``after`` (created_at, id)."""
        order = (self.clients.c.created_at, self.clients.c.id)
        query = self._shown.order_by(*(one.desc() for one in order)).limit(limit)
        if after:
            query = query.where(tuple_(*order) < tuple(after))
        return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def note_uses(self, connection: AsyncConnection, uses: Sequence[dict[str, Any]]) -> None:
        """Add to the counts of these clients (``client``, ``count``, ``at``)."""
        last = func.greatest(self.clients.c.last_used_at, bindparam("at"))
        statement = update(self.clients).where(self.clients.c.id == bindparam("client"))
        await connection.execute(
            statement.values(uses=self.clients.c.uses + bindparam("count"), last_used_at=last), uses
        )

    @cached_property
    def _valid(self) -> Select[Any]:
        valid = or_(self.keys.c.valid_until.is_(None), self.keys.c.valid_until > func.now())
        known = self.clients.join(self.keys, self.keys.c.client_id == self.clients.c.id)
        left = extract("epoch", self.keys.c.valid_until - func.now()).cast(Float)
        columns = (self.clients.c.name, self.clients.c.scopes, self.keys.c.digest, left.label("seconds_left"))
        mine = (self.clients.c.id == bindparam("client"), self.clients.c.revoked_at.is_(None))
        return select(*columns).select_from(known).where(*mine, valid)

    @cached_property
    def _shown(self) -> Select[Any]:
        valid = or_(self.keys.c.valid_until.is_(None), self.keys.c.valid_until > func.now())
        count = select(func.count()).where(self.keys.c.client_id == self.clients.c.id, valid)
        columns = [column for column in self.clients.c if column.name != "key_digest"]
        return select(*columns, count.scalar_subquery().label("valid_keys"))

    async def _tell(self, connection: AsyncConnection, client: UUID) -> None:
        told = notice(client, CHANGED, "changed", {})
        await connection.execute(told.statement, told.values)

    async def _new_key(self, connection: AsyncConnection, client: UUID) -> str:
        secret = secrets.token_urlsafe(32)
        await connection.execute(insert(self.keys).values(id=new_id(), client_id=client, digest=_digest(secret)))
        return f"{PREFIX}_{client.hex}_{secret}"


def may_be_key(text: str) -> bool:
    """Whether it has the form of a key."""
    return FORM.fullmatch(text) is not None


def _digest(secret: str) -> str:
    """The secret is 256 random bits: one round of SHA-256 is enough, and fast."""
    return hashlib.sha256(secret.encode()).hexdigest()
