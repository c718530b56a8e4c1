"""Durable ``POST /v1/reports`` against the bare endpoint, passes of their own, a full database, a second process."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, make_url

from tests.bench.load import post_reports
from tests.bench.steady import Steady, percentile
from tests.processes import Process, Separate, free_port
from vpr_events.contracts.values import Role

STORED = """
insert into {table} ({columns}) select {values} from generate_series({first}, {last}) as n
"""
EVENTS = {
    "id": "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
    "stream": "'report/' || ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))",
    "version": "1",
    "type": "'report.filed.v1'",
    "occurred_at": "now()",
    "recorded_at": "now()",
    "correlation_id": "('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid",
    "body": '\'{"channel":"clerk","category":"theft"}\'::bytea',
    "hash": "encode(sha256(n::text::bytea), 'hex')",
}
REPORTS = {
    "id": EVENTS["correlation_id"],
    "version": "1",
    "channel": "'clerk'",
    "category": "'theft'",
    "filed_at": "now() - n * interval '1 second'",
}
PARTICULARS = {
    "report_id": EVENTS["correlation_id"],
    "description": "'A bicycle is gone.'",
}
KEYS = {
    "client": "'bench'",
    "key": "md5(n::text)",
    "fingerprint": "md5(n::text)",
    "event_ids": "jsonb_build_array(('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')))",
}
TABLES = {"events": EVENTS, "reports": REPORTS, "particulars": PARTICULARS, "idempotency": KEYS}


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """The yardstick, running: its address."""
    port = free_port()
    words = [sys.executable, "-m", "uvicorn", "tests.bench.bare:app", "--port", str(port), "--log-level", "warning"]
    process = Process(words, {}, f"http://127.0.0.1:{port}", folder / "bare.log")
    process.start()
    try:
        yield process.url
    finally:
        process.stop()


def rate(url: str, system: Separate, folder: Path, seconds: int, connections: int = 64) -> float:
    """Accepted reports per second, after a second to warm up. Every report must be accepted."""
    token = system.token(Role.OFFICER)
    post_reports(url, token, folder, 1, connections)
    load = post_reports(url, token, folder, seconds, connections)
    assert load.refused == 0, f"{load.refused} reports were refused"
    return load.per_second


def latency(system: Separate, per_second: float, seconds: int) -> tuple[float, float]:
    """Median and p99 in milliseconds at a steady rate."""
    load = Steady(system.url("intake"), system.token(Role.OFFICER))
    ordered = asyncio.run(load.run(per_second, seconds))
    return percentile(ordered, 0.5) * 1000, percentile(ordered, 0.99) * 1000


@contextmanager
def another(system: Separate, folder: Path, words: Sequence[str] = (), **options: str) -> Iterator[Process]:
    """One more process of intake on the same database, with these settings, started by these words."""
    port = free_port()
    own = {f"INTAKE_{name.upper()}": value for name, value in options.items()}
    environment = system.home.environment("intake", system.embedded.endpoints) | {"INTAKE_PORT": str(port)} | own
    process = Process(
        [*words, sys.executable, "-m", "vpr_intake"],
        environment,
        f"http://127.0.0.1:{port}",
        folder / f"intake-{port}.log",
    )
    process.start()
    try:
        yield process
    finally:
        process.stop()


def fill(system: Separate, first: int, last: int) -> None:
    """Reports of these numbers into intake's database, as if filed earlier; what follows finds it at rest."""
    endpoints = system.embedded.endpoints
    with _connected(endpoints.database_urls["intake"]) as connection:
        for table, columns in TABLES.items():
            names, values = ", ".join(columns), ", ".join(columns.values())
            statement = STORED.format(table=table, columns=names, values=values, first=first, last=last)
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("vacuum analyze")
    with _connected(endpoints.admin_database_url) as connection:
        connection.exec_driver_sql("checkpoint")


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
