"""Real servers for the tests: one PostgreSQL and one NATS a run, a database and a fresh log a test."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.system import Servers, System
from vpr.embedded import Embedded
from vpr_events.contracts import SERVICES


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers of this run."""
    with tempfile.TemporaryDirectory(prefix="vpr-tests-") as folder:
        embedded = Embedded(Path(folder) / "vpr", fsync=False)
        embedded.start()
        try:
            yield Servers.on(embedded, Path(folder))
        finally:
            embedded.discard()


@pytest.fixture
async def system(servers: Servers) -> AsyncIterator[System]:
    """All five services in this process, on databases and a log of their own."""
    async with System.started(servers, SERVICES) as running:
        yield running


@pytest.fixture
async def intake(servers: Servers) -> AsyncIterator[System]:
    """Intake alone."""
    async with System.started(servers, ["intake"]) as running:
        yield running
