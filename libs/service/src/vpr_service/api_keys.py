"""API keys of client systems: shown once, stored as a digest, never logged."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.event import new_id

PREFIX = "vpr"


@dataclass(frozen=True, slots=True)
class Client:
    """A client system that holds an API key."""

    id: UUID
    name: str

    @property
    def scope(self) -> str:
        """The scope of this client's idempotency keys."""
        return f"client:{self.id}"


def clients_table(metadata: MetaData) -> Table:
    """The table of clients, for the service that admits them."""
    return Table(
        "clients",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("key_digest", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


async def add_client(connection: AsyncConnection, table: Table, name: str) -> tuple[Client, str]:
    """A new client and its key, which nobody can read again. Raises IntegrityError when the name is taken."""
    client, secret = Client(new_id(), name), secrets.token_urlsafe(32)
    await connection.execute(insert(table).values(id=client.id, name=name, key_digest=_digest(secret)))
    return client, f"{PREFIX}_{client.id.hex}_{secret}"


async def client_of(connection: AsyncConnection, table: Table, key: str) -> Client | None:
    """The client whose key this is; None for any other text."""
    prefix, _, rest = key.partition("_")
    identity, _, secret = rest.partition("_")
    try:
        client_id = UUID(hex=identity)
    except ValueError:
        return None
    row = (await connection.execute(select(table).where(table.c.id == client_id))).one_or_none()
    if row is None or prefix != PREFIX or not hmac.compare_digest(row.key_digest, _digest(secret)):
        return None
    return Client(client_id, row.name)


def _digest(secret: str) -> str:
    """The secret is 256 random bits: one round of SHA-256 is enough, and fast."""
    return hashlib.sha256(secret.encode()).hexdigest()
