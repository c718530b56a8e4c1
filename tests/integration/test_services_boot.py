"""Every service starts on its own database, and its migrations make exactly its tables."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from tests.system import Servers, System
from vpr.services import assembly
from vpr_events import inbox, outbox, repairing
from vpr_events.contracts import SERVICES


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_alone_is_ready(servers: Servers, service: str) -> None:
    async with System.started(servers, [service]) as system:
        answer = await system[service].get("/readyz")
        assert answer.status_code == 200, answer.text
        assert (await system[service].get("/openapi.json")).status_code == 200
        assert (await system[service].get("/telemetry")).status_code == 200
        assert (await system[service].get("/docs")).status_code == 200


async def test_a_service_that_rests_ends_without_waiting(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would sleep on goes beyond the time that an end may take."""
    for module in (inbox, outbox):
        monkeypatch.setattr(module, "IDLE", 3600.0)
    monkeypatch.setattr(repairing, "REST", 3600.0)
    async with System.started(servers, ["triage"]) as system:
        await system.quiet()


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_make_the_tables_that_the_code_uses(servers: Servers, service: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), assembly(service).service.metadata))

    async with servers.database(service) as url:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(differences)
        await engine.dispose()
    assert found == []
