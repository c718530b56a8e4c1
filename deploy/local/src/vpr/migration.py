"""The migrate job: databases to their newest form, the stream and the durable consumers. Repeatable, under locks."""

import asyncio
from collections.abc import Mapping

from vpr.embedded import Endpoints
from vpr.services import assembly, durables
from vpr_events.log import EventLog
from vpr_service.migrating import upgrade


async def migrate(database_urls: Mapping[str, str], nats_url: str, admin: tuple[str, str]) -> None:
    """Migrate each service's database, then make the log ready."""
    for name, url in database_urls.items():
        await upgrade(assembly(name).MIGRATIONS, url)
    log = EventLog(nats_url, *admin)
    async with asyncio.timeout(30):
        await log.connect()
    try:
        await log.ensure(durables())
    finally:
        await log.close()


def migrate_embedded(endpoints: Endpoints) -> None:
    """Migrate what the supervisor runs."""
    asyncio.run(migrate(endpoints.database_urls, endpoints.nats_url, endpoints.nats_users["admin"]))
