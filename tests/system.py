"""The system under test: services of this process on real servers, and the hands that tests use on them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from fastapi import FastAPI
from nats.js.errors import NotFoundError, ServerError
from pydantic import SecretStr
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tests.backend import Backend
from tests.processes import ONE_SOURCE
from tests.waiting import DEADLINE, until
from vpr.services import assembly, durables
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.values import Role
from vpr_events.event import Recorded
from vpr_events.log import STREAM, EventLog, Outgoing
from vpr_events.seals import PublicKeys, SealKey, public_keys
from vpr_events.tables import inbox
from vpr_evidence.keys import new_master_key
from vpr_service.clock import Clock, real_time
from vpr_service.issuer import DevelopmentIssuer
from vpr_service.migrating import upgrade
from vpr_service.runtime import Runtime
from vpr_service.settings import ServiceSettings, SharedSettings

ISSUER = "http://issuer.test"
EVIDENCE_KEY = SecretStr(new_master_key())
WEBHOOK_KEY = SecretStr(Fernet.generate_key().decode())


def starting_at(moment: datetime) -> Clock:
    """Business time that begins at this moment and goes on as real time does."""
    begun = real_time()
    return lambda: moment + (real_time() - begun)


@dataclass
class Servers:
    """The run's servers and what all its tests share."""

    embedded: Backend
    folder: Path
    issuer: DevelopmentIssuer
    used: int = 0
    migrated: set[str] = field(default_factory=set)

    @classmethod
    def on(cls, embedded: Backend, folder: Path) -> "Servers":
        """What tests share on these servers."""
        return cls(embedded, folder, DevelopmentIssuer.at(folder / "issuer.pem", ISSUER, "vpr"))

    @property
    def seal_key(self) -> Path:
        """The key that signs seals."""
        SealKey.made_at(self.folder / "seal.pem")
        return self.folder / "seal.pem"

    @property
    def seal_keys(self) -> PublicKeys:
        """What seals are verified with."""
        return public_keys([self.seal_key])

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[str]:
        """A fresh database of a service, copied from one that is migrated once a run: its URL."""
        self.used += 1
        template_url = self.embedded.endpoints.database_urls[service]
        if service not in self.migrated:
            await upgrade(assembly(service).MIGRATIONS, template_url)
            self.migrated.add(service)
        template = make_url(template_url)
        name = f"{template.database}_{self.used}"
        how = f'template "{template.database}" owner "{template.username}" strategy file_copy'  # half of the usual work
        await self._admin(f'create database "{name}" {how}')
        try:
            yield template.set(database=name).render_as_string(hide_password=False)
        finally:
            await self._admin(f'drop database "{name}" with (force)')

    async def _admin(self, statement: str) -> None:
        engine = create_async_engine(self.embedded.endpoints.admin_database_url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    @asynccontextmanager
    async def admin_log(self) -> AsyncIterator[EventLog]:
        """The administrator's connection to the broker."""
        admin = EventLog(self.embedded.endpoints.nats_url, *self.embedded.endpoints.nats_users["admin"])
        await admin.connect()
        try:
            yield admin
        finally:
            await admin.close()

    async def fresh_log(self, services: Iterable[str]) -> None:
        """An empty stream with the durables of these services."""
        async with self.admin_log() as admin:
            with suppress(NotFoundError):
                await admin._client.jetstream().delete_stream(STREAM)

            async def made() -> bool:
                try:
                    await admin.ensure(durables(tuple(services)))
                except ServerError:  # nats-server may still be removing the files of the former stream
                    return False
                return True

            await until(made)

    async def publish(self, *events: Recorded) -> None:
        """Put events into the log as their owners would."""
        async with self.admin_log() as admin:
            await admin.publish([Outgoing(subject_of(one.type), headers_of(one), one.body) for one in events])

    def token(self, *roles: Role, **options: Any) -> str:
        """A bearer token."""
        return self.issuer.token(roles, **options)

    def settings(self, service: str, database_url: str, **options: Any) -> ServiceSettings:
        """A service's settings on these servers."""
        shared = SharedSettings(
            nats_url=self.embedded.endpoints.nats_url,
            vpr_environment="development",
            oidc_issuer=ISSUER,
            oidc_jwks=str(self.folder / "issuer.jwks"),
            log_level="warning",
        )
        password = SecretStr(self.embedded.endpoints.nats_users[service][1])
        kind: type[ServiceSettings] = assembly(service).Settings
        return kind(
            database_url=SecretStr(database_url), nats_password=password, shared=shared, retry_delays=(0.05,) * 3,
            **options,
        )  # fmt: skip


@dataclass
class System:
    """Running services and clients for them."""

    servers: Servers
    apps: dict[str, FastAPI] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    clock: Clock = real_time

    @classmethod
    @asynccontextmanager
    async def started(
        cls, servers: Servers, names: Iterable[str], clock: Clock = real_time, **options: Any
    ) -> AsyncIterator["System"]:
        """Start these services on fresh databases and a fresh log; ``clock`` is their business time."""
        names = tuple(names)
        await servers.fresh_log(names)
        system = cls(servers, clock=clock)
        async with AsyncExitStack() as stack:
            for name in names:
                url = await stack.enter_async_context(servers.database(name))
                await stack.enter_async_context(system.service(name, url, **options))
            yield system

    @asynccontextmanager
    async def service(self, name: str, database_url: str, **options: Any) -> AsyncIterator[FastAPI]:
        """One more service on this database."""
        options.setdefault("seal_key", self.servers.seal_key)
        options.setdefault("seal_folder", self.servers.folder / f"seals-{make_url(database_url).database}")
        options.setdefault("rate_per_source", ONE_SOURCE)
        if name == "intake":
            options.setdefault("webhook_keys", WEBHOOK_KEY)
            options.setdefault("outbound_allow", ("127.0.0.0/8",))
        if name in {"intake", "video"}:
            options.setdefault("evidence_url", self.evidence_folder(database_url).as_uri())
            options.setdefault("evidence_keys", EVIDENCE_KEY)
        if name == "metrics":
            options.setdefault("folder", self.servers.folder / f"duckdb-{uuid4().hex}")
        app = assembly(name).make_app(self.servers.settings(name, database_url, **options), self.clock)
        async with LifespanManager(app, startup_timeout=DEADLINE, shutdown_timeout=DEADLINE):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}.test") as client:
                self.apps[name], self.clients[name] = app, client
                yield app

    def evidence_folder(self, database_url: str) -> Path:
        """Where a service on this database keeps files."""
        return self.servers.folder / f"evidence-{make_url(database_url).database}"

    def __getitem__(self, service: str) -> httpx.AsyncClient:
        return self.clients[service]

    async def took_in(self, service: str, *foreign: Recorded) -> None:
        """Wait until a service took in these events of others."""
        wanted = {one.id for one in foreign}
        counted = select(func.count()).select_from(inbox).where(inbox.c.event_id.in_(wanted))

        async def all_of_them() -> bool:
            async with self.runtime(service).reading() as connection:
                return bool((await connection.execute(counted)).scalar_one() == len(wanted))

        await until(all_of_them)

    def runtime(self, service: str) -> Runtime:
        """The inside of a service."""
        runtime: Runtime = self.apps[service].state.runtime
        return runtime

    def as_(self, *roles: Role, **options: Any) -> dict[str, str]:
        """Request headers of somebody with these roles."""
        return {"Authorization": f"Bearer {self.servers.token(*roles, **options)}", "Idempotency-Key": uuid4().hex}

    async def quiet(self) -> None:
        """Wait until nothing waits to be published or taken in."""

        async def settled() -> bool:
            return all([await self._settled(name) for name in self.apps])

        await until(settled)
        await until(settled)

    async def _settled(self, service: str) -> bool:
        state = (await self.clients[service].get("/readyz")).json()
        return bool(state["broker"] and state["outbox"] == 0 and state["inbox_pending"] == 0 and not state["parked"])
