"""Real servers for the tests: one PostgreSQL and one NATS a run, a database and a fresh log a test."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.backend import VARIABLE, Kind, Undecided, chosen, made
from tests.system import Servers, System
from vpr_events.contracts import SERVICES

CALLS = "tests/e2e/calls/"
BACKEND = pytest.StashKey[Kind]()
REASON = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the run's servers once; the workers are told by the environment."""
    try:
        config.stash[BACKEND], config.stash[REASON] = chosen(os.environ.get(VARIABLE, "auto"), _engine_missing)
    except Undecided as error:
        raise pytest.UsageError(str(error)) from error
    os.environ[VARIABLE] = config.stash[BACKEND]
    settings.register_profile("vpr", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("vpr")  # how fast examples are drawn is the machine's affair


def _engine_missing() -> str | None:
    from tests.containers import engine_missing

    return engine_missing()


class Files(LoadFileScheduling):
    """A file is one worker's, and so are all video calls: two at a time are too much for two cores."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return CALLS if file.startswith(CALLS) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Files:
    """Which worker gets which test."""
    return Files(config, log)


def pytest_report_header(config: pytest.Config) -> str:
    """Which servers, and why."""
    return f"servers: {config.stash[BACKEND]} ({config.stash[REASON]})"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which servers, again where the result is read."""
    terminalreporter.write_line(f"servers: {config.stash[BACKEND]} ({config.stash[REASON]})")


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Iterator[Servers]:
    """The servers of this run."""
    with tempfile.TemporaryDirectory(prefix="vpr-tests-") as folder:
        backend = made(pytestconfig.stash[BACKEND], Path(folder) / "vpr")
        try:
            backend.start()
            yield Servers.on(backend, Path(folder))
        finally:
            backend.discard()


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


@pytest.fixture
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone."""
    async with System.started(servers, ["video"]) as running:
        yield running
