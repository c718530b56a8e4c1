"""The migrate job: databases to their newest form, the stream and the durable consumers. Repeatable, under locks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from vpr.embedded import Endpoints
from vpr.services import assembly, durables
from vpr_events.log import EventLog
from vpr_service.migrating import upgrade


async def migrate(database_urls: Mapping[str, str], nats_url: str, admin: tuple[str, str]) -> None:
    """Migrate each service's database, then make the log ready."""
    for name, url in database_urls.items():
        await upgrade(assembly(name).MIGRATIONS, url)
    async with _administering(nats_url, admin) as log:
        await log.ensure(durables())


async def reset_durable(service: str, nats_url: str, admin: tuple[str, str]) -> None:
    """Make a service's durable consumer anew, so that it is given the log from its beginning."""
    async with _administering(nats_url, admin) as log:
        await log.reset(durables([service]))


@asynccontextmanager
async def _administering(nats_url: str, admin: tuple[str, str]) -> AsyncIterator[EventLog]:
    log = EventLog(nats_url, *admin)
    async with asyncio.timeout(30):
        await log.connect()
    try:
        yield log
    finally:
        await log.close()


def migrate_embedded(endpoints: Endpoints) -> None:
    """Migrate what the supervisor runs."""
    asyncio.run(migrate(endpoints.database_urls, endpoints.nats_url, endpoints.nats_users["admin"]))
