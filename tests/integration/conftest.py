"""What tests of the event library have in common: intake's database and log, without a service on them."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.system import Servers
from vpr_events.log import EventLog


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[str]:
    """A fresh database of intake: its URL."""
    async with servers.database("intake") as url:
        yield url


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """Connections to it."""
    engine = create_async_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def log(servers: Servers) -> AsyncIterator[EventLog]:
    """A fresh log, as intake."""
    await servers.fresh_log(["intake"])
    log = EventLog(servers.embedded.endpoints.nats_url, *servers.embedded.endpoints.nats_users["intake"])
    await log.connect()
    yield log
    await log.close()
