"""Alembic for a service: its ``migrations/env.py`` calls ``run``; ``upgrade`` brings a database to the newest form."""

import asyncio
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

LOCK = 7_266_002
"""Two migrations of one database never run at once."""


def config_for(migrations: Path) -> Config:
    """Alembic's configuration for a migrations folder."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


async def upgrade(migrations: Path, database_url: str) -> None:
    """Migrate the database to the newest revision, under a lock."""
    engine = create_async_engine(database_url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(_upgrade, migrations)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, migrations: Path) -> None:
    config = config_for(migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run(metadata: MetaData) -> None:
    """What a service's ``env.py`` does: migrate on the connection that ``upgrade`` hands over."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()


def upgrade_blocking(migrations: Path, database_url: str) -> None:
    """``upgrade`` for callers without an event loop."""
    asyncio.run(upgrade(migrations, database_url))
