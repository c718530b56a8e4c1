"""The system that faults happen to: real servers on small disks, five processes, and links between them to hinder."""

import asyncio
import shutil
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import httpx
from nats.js.api import ConsumerConfig
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.faults.driver.disks import Disk, impossible
from tests.faults.driver.links import Link
from tests.processes import Process, service_process
from tests.waiting import until
from vpr.embedded import Embedded, Endpoints
from vpr.embedded.account import give, unprivileged
from vpr.embedded.endpoints import role_of
from vpr.home import Home
from vpr.migration import migrate_embedded
from vpr_events.contracts import SERVICES
from vpr_events.log import STREAM, EventLog

DISK = 256 * 1024 * 1024
ACK_WAIT = 2.0
"""Seconds after which the log delivers again what a killed consumer held: a run does not wait the usual ten."""
RETRY_DELAYS = "[0.2, 0.5, 1, 2, 5]"
SOCKET = ".s.PGSQL.5432"


@dataclass
class World:
    """A started system. ``counts`` tell what happened to it; ``copies`` which events the log was given again."""

    folder: Path
    home: Home
    embedded: Embedded
    processes: dict[str, Process] = field(default_factory=dict)
    log_links: dict[str, Link] = field(default_factory=dict)
    database_links: dict[str, Link] = field(default_factory=dict)
    database_disk: Disk | None = None
    log_disk: Disk | None = None
    counts: Counter[str] = field(default_factory=Counter)
    copies: Counter[UUID] = field(default_factory=Counter)
    restored: set[str] = field(default_factory=set)
    _held: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    @property
    def endpoints(self) -> Endpoints:
        """The servers themselves, past every link."""
        return self.embedded.endpoints

    def holding(self, part: str) -> asyncio.Lock:
        """One fault at a time on one part (a service, ``log``, ``database``)."""
        return self._held[part]

    @asynccontextmanager
    async def admin_log(self) -> AsyncIterator[EventLog]:
        """The administrator's connection to the broker."""
        log = EventLog(self.endpoints.nats_url, *self.endpoints.nats_users["admin"])
        await log.connect()
        try:
            yield log
        finally:
            await log.close()

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[AsyncConnection]:
        """A connection to a service's database, as its owner."""
        async with _connection(self.endpoints.database_urls[service]) as connection:
            yield connection

    async def admin(self, *statements: str) -> None:
        """Run statements as the database's administrator, each in a transaction of its own."""
        async with _connection(self.endpoints.admin_database_url) as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in statements:
                await alone.execute(text(statement))

    async def quiet(self) -> None:
        """Wait until every service is well and nothing is on its way, twice in a row."""
        async with httpx.AsyncClient(timeout=5) as client:

            async def settled() -> bool:
                return all([await _settled(client, process.url) for process in self.processes.values()])

            for _ in range(2):
                await until(settled)

    def output(self) -> dict[str, str]:
        """Service -> everything it wrote."""
        return {name: process.output.read_text() for name, process in self.processes.items()}


async def _settled(client: httpx.AsyncClient, url: str) -> bool:
    try:
        answer = await client.get(url + "/readyz")
    except httpx.TransportError:
        return False
    if answer.status_code != 200:
        return False
    state = answer.json()
    return bool(state["broker"] and state["outbox"] == 0 and state["inbox_pending"] == 0 and not state["parked"])


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def started(names: Sequence[str] = SERVICES) -> AsyncIterator[World]:
    """A system of these services; afterwards it is discarded, or, when something was raised, stopped and kept."""
    world = await asyncio.to_thread(_prepared)
    try:
        await _start(world, names)
        yield world
    except BaseException as error:
        error.add_note(f"The system and all its logs are in {world.folder}")
        await _end(world, keep=True)
        raise
    await _end(world, keep=False)


def _prepared() -> World:
    folder = Path(tempfile.mkdtemp(prefix="vpr-faults-"))
    folder.chmod(0o711)  # PostgreSQL's account passes through
    home = Home.given(folder / "home", "http://localhost:8000")
    home.create()
    return World(folder, home, Embedded(home.servers))


async def _start(world: World, names: Sequence[str]) -> None:
    if not impossible():
        world.log_disk = Disk(world.home.servers / "nats", DISK)
        world.database_disk = Disk(world.folder / "database-disk", DISK)
        world.home.servers.mkdir(mode=0o711)
        world.log_disk.mount()
        world.database_disk.mount()
    await asyncio.to_thread(world.embedded.start)
    if world.database_disk:
        await _move_databases(world, world.database_disk.folder)
    await asyncio.to_thread(migrate_embedded, world.endpoints)
    await hasten(world)
    for name in names:
        endpoints = await _linked(world, name)
        words = {f"{name.upper()}_RETRY_DELAYS": RETRY_DELAYS, "LOG_LEVEL": "warning"}
        world.processes[name] = service_process(name, world.home, endpoints, world.folder, **words)
    await asyncio.gather(*(asyncio.to_thread(process.start) for process in world.processes.values()))


async def _move_databases(world: World, folder: Path) -> None:
    """Tables go to the small disk; what PostgreSQL itself needs to stay alive stays where it was."""
    give(folder, unprivileged())
    moved = [f"alter database {role_of(name)} set tablespace small" for name in SERVICES]
    await world.admin(f"create tablespace small location '{folder}'", *moved)


async def hasten(world: World) -> None:
    """Have the durables deliver again sooner."""
    async with world.admin_log() as log:
        manager = log._client.jetstream()
        for name in SERVICES:
            config: ConsumerConfig = (await manager.consumer_info(STREAM, name)).config
            await manager.add_consumer(STREAM, config.evolve(ack_wait=ACK_WAIT))


async def _linked(world: World, name: str) -> Endpoints:
    """The servers as this service sees them: each at the end of a link of its own."""
    direct = world.endpoints
    socket = make_url(direct.database_urls[name]).query["host"]
    broker = make_url(direct.nats_url)
    links = world.folder / "links" / name
    links.mkdir(parents=True)
    world.database_links[name] = Link(lambda: asyncio.open_unix_connection(f"{socket}/{SOCKET}"))
    await world.database_links[name].listen_on_socket(str(links / SOCKET))
    world.log_links[name] = Link(lambda: asyncio.open_connection(broker.host, broker.port))
    port = await world.log_links[name].listen_on_port()
    url = make_url(direct.database_urls[name]).set(query={"host": str(links)})
    urls = {**direct.database_urls, name: url.render_as_string(hide_password=False)}
    return replace(direct, database_urls=urls, nats_url=f"nats://127.0.0.1:{port}")


async def _end(world: World, *, keep: bool) -> None:
    end = Process.kill if keep else Process.stop
    try:
        await asyncio.gather(*(asyncio.to_thread(end, process) for process in world.processes.values()))
        for link in (*world.log_links.values(), *world.database_links.values()):
            await link.close()
    finally:
        await asyncio.to_thread(world.embedded.stop)
    for disk in (world.log_disk, world.database_disk):
        if disk:
            await asyncio.to_thread(_remove, disk, keep)
    if not keep:
        await asyncio.to_thread(world.embedded.discard)
        await asyncio.to_thread(shutil.rmtree, world.folder)


def _remove(disk: Disk, keep: bool) -> None:
    """Unmount; what was on it stays readable at its place when it is to be kept."""
    if not disk.folder.is_mount():
        return
    copy = disk.folder.with_name(f"{disk.folder.name}-kept")
    if keep:
        subprocess.run(["/bin/cp", "-a", str(disk.folder), str(copy)], check=True)
    disk.unmount()
    if keep:
        copy.rename(disk.folder)
