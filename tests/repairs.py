"""What the tests of lost logs and restored databases share: everything that a system knows, and how to break it."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection, make_url

from tests.processes import TLS, Separate
from tests.reading import read_log
from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Endpoints
from vpr.migration import migrate_embedded, reset_durable
from vpr.services import assembly
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.values import Role
from vpr_events.event import Recorded
from vpr_events.log import EventLog, Outgoing

LIBRARY = {"outbox", "inbox", "published", "recoveries", "idempotency", "alembic_version", "seals"}
PRIVATE = {
    "particulars", "notes", "invite_tokens", "invite_attempts", "credentials", "chat", "clients", "erasure_approvals",
    "history_records",
}  # fmt: skip

type Rows = Mapping[str, Sequence[Any]]


@contextmanager
def database(system: Separate, service: str) -> Iterator[Connection]:
    """A connection to a service's database, beside the service."""
    url = make_url(system.embedded.endpoints.database_urls[service]).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def known(system: Separate, service: str) -> Rows:
    """All that a service knows by its events: them (without their positions) and the read models, row by row."""
    with database(system, service) as connection:
        tables = sorted(set(inspect(connection).get_table_names()) - LIBRARY - PRIVATE)
        assert "events" in tables
        return {table: sorted(_rows(connection, table), key=str) for table in tables}


def _rows(connection: Connection, table: str) -> list[dict[str, Any]]:
    rows = connection.execute(text(f'select * from "{table}"')).mappings()
    return [{name: _plain(value) for name, value in row.items() if name != "position"} for row in rows]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def all_known(system: Separate) -> Mapping[str, Rows]:
    """The same of every service that runs."""
    return {service: known(system, service) for service in system.processes}


def quiet(system: Separate) -> None:
    """Wait until nothing waits to be published or taken in."""
    for _ in range(2):
        wait_for(lambda: all(_settled(system, service) for service in system.processes))


def _settled(system: Separate, service: str) -> bool:
    state = httpx.get(system.url(service) + "/readyz", timeout=DEADLINE, verify=TLS).json()
    return bool(state["broker"] and state["outbox"] == 0 and state["inbox_pending"] == 0 and not state["parked"])


def log_of(system: Separate) -> list[Recorded]:
    """Every event of the log, in order."""
    return asyncio.run(read_log(system.embedded.endpoints))


def each_once_and_in_order(system: Separate) -> None:
    """The log holds every event of every database once, and each stream's versions in their order."""
    log = log_of(system)
    recorded = [row["id"] for service in system.processes for row in known(system, service)["events"]]
    assert Counter(event.id for event in log) == Counter(recorded)
    seen: dict[str, int] = {}
    for event in log:
        assert event.version == seen.get(event.stream, 0) + 1, f"{event.stream} version {event.version}"
        seen[event.stream] = event.version


def empty_log(system: Separate) -> None:
    """The broker's folder is deleted while it is down; an administrator makes stream and durables anew."""
    system.embedded.broker.stop()
    shutil.rmtree(system.embedded.broker.folder)
    system.embedded.broker.start()
    migrate_embedded(system.embedded.endpoints)


@contextmanager
def log_set_back(system: Separate, copy: Path) -> Iterator[None]:
    """The broker's folder as it is now comes back after what is done meanwhile."""
    system.embedded.broker.stop()
    shutil.copytree(system.embedded.broker.folder, copy)
    system.embedded.broker.start()
    yield
    system.embedded.broker.stop()
    shutil.rmtree(system.embedded.broker.folder)
    shutil.copytree(copy, system.embedded.broker.folder)
    system.embedded.broker.start()


def admin(system: Separate) -> dict[str, str]:
    """An administrator's headers."""
    return system.headers(Role.ADMIN)


def recover(system: Separate, service: str) -> Mapping[str, Any]:
    """What `vpr recover` does for one service of its own: the state at the end."""
    path = system.url(service) + "/v1/recovery"
    if assembly(service).service.consumer:
        endpoints = system.embedded.endpoints
        asyncio.run(reset_durable(service, endpoints.nats_url, endpoints.nats_users["admin"]))
    answer = httpx.post(path, headers=admin(system), timeout=DEADLINE)
    assert answer.status_code == 202, answer.text

    def ended() -> Any:
        state = httpx.get(path, headers=admin(system), verify=TLS, timeout=DEADLINE).raise_for_status().json()
        return state if state["stage"] != "running" else None

    state: Mapping[str, Any] = wait_for(ended)
    return state


def publish(endpoints: Endpoints, events: Sequence[Recorded]) -> None:
    """Put events into the log as an administrator."""

    async def put() -> None:
        log = EventLog(endpoints.nats_url, *endpoints.nats_users["admin"])
        await log.connect()
        await log.publish([Outgoing(subject_of(one.type), headers_of(one), one.body) for one in events])
        await log.close()

    asyncio.run(put())
