"""The supervisor of the embedded servers, with real servers."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import nats
import psutil
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.waiting import DEADLINE
from vpr.embedded import Embedded, EmbeddedError, Endpoints
from vpr.embedded.account import Account
from vpr.embedded.binaries import postgres_folder, postgres_folder_for
from vpr.embedded.endpoints import State
from vpr.embedded.process import wait_until
from vpr_events.contracts import SERVICES

SUPERVISOR = """
import sys, time
from pathlib import Path
from vpr.embedded import Embedded
from vpr_events.contracts import SERVICES
embedded = Embedded(Path(sys.argv[1]), fsync=False)
embedded.start()
print(embedded.postgres.pid, embedded.broker.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    embedded = Embedded(tmp_path / "vpr", fsync=False)
    yield embedded
    embedded.discard()


async def connect(url: str) -> Any:
    open_connection: Callable[[str], Awaitable[Any]] = asyncpg.connect
    return await open_connection(url.replace("+asyncpg", ""))


async def execute(url: str, statement: str) -> object:
    connection = await connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def admin(endpoints: Endpoints) -> Client:
    user, password = endpoints.nats_users["admin"]
    return await nats.connect(
        endpoints.nats_url, user=user, password=password, allow_reconnect=False, connect_timeout=DEADLINE
    )


async def append(endpoints: Endpoints) -> None:
    client = await admin(endpoints)
    await client.jetstream(timeout=DEADLINE).add_stream(StreamConfig(name="VPR", subjects=["vpr.>"]))
    await client.jetstream(timeout=DEADLINE).publish("vpr.report.filed", b"{}")
    await client.close()


def running_commands() -> str:
    return " ".join(word for process in psutil.process_iter(["cmdline"]) for word in process.info["cmdline"] or ())


async def messages(endpoints: Endpoints) -> int:
    client = await admin(endpoints)
    state = (await client.jetstream(timeout=DEADLINE).stream_info("VPR")).state
    await client.close()
    return int(state.messages)


async def test_restart_keeps_data_passwords_and_addresses(embedded: Embedded) -> None:
    first = embedded.start()
    await execute(first.database_urls["intake"], "CREATE TABLE kept AS SELECT 7 AS value")
    await append(first)
    embedded.stop()
    with embedded:
        again = embedded.endpoints
        assert again == first == Endpoints.load(embedded.folder)
        assert await execute(again.database_urls["intake"], "SELECT value FROM kept") == 7
        assert await messages(again) == 1


async def test_a_taken_port_is_replaced(embedded: Embedded, tmp_path: Path) -> None:
    first = embedded.start()
    embedded.stop()
    port = int(first.nats_url.rsplit(":", 1)[1])
    other = Embedded(tmp_path / "other", fsync=False, nats_port=port)
    try:
        assert other.start().nats_url == first.nats_url
        assert embedded.start().nats_url != first.nats_url
    finally:
        other.discard()


async def test_a_fixed_port_that_is_taken_is_an_error_with_the_log(embedded: Embedded, tmp_path: Path) -> None:
    port = int(embedded.start().nats_url.rsplit(":", 1)[1])
    other = Embedded(tmp_path / "other", fsync=False, nats_port=port)
    with pytest.raises(EmbeddedError, match=r"(?s)nats-server ended while starting.*address already in use"):
        other.start()
    home = State.load(other.folder)
    assert home is not None
    assert home.postgres_home not in running_commands()
    other.discard()


async def test_sqlalchemy_connects_by_the_url(embedded: Embedded) -> None:
    engine = create_async_engine(embedded.start().database_urls["video"])
    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT current_user, current_database()"))).one()
    await engine.dispose()
    assert tuple(row) == ("vpr_video", "vpr_video")


async def test_settings_are_ours(embedded: Embedded) -> None:
    url = embedded.start().admin_database_url
    shown = {name: await execute(url, f"SHOW {name}") for name in ("max_connections", "fsync", "listen_addresses")}
    assert shown == {"max_connections": "200", "fsync": "off", "listen_addresses": ""}
    locale = "SELECT datlocprovider::text || datlocale || pg_encoding_to_char(encoding) FROM pg_database LIMIT 1"
    assert await execute(url, locale) == "bC.UTF-8UTF8"
    assert str(await execute(url, "SELECT version()")).startswith("PostgreSQL 18")


async def test_a_role_reaches_no_database_but_its_own(embedded: Embedded) -> None:
    urls = embedded.start().database_urls
    for service in SERVICES:
        mine = urls[service]
        assert await execute(mine, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        for other in (*(f"vpr_{name}" for name in SERVICES if name != service), "postgres", "template1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connect(mine.replace(f"/vpr_{service}?", f"/{other}?"))


async def test_a_wrong_password_is_refused(embedded: Embedded) -> None:
    endpoints = embedded.start()
    theirs, mine = endpoints.database_urls["video"], endpoints.database_urls["intake"]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(mine.replace("vpr_intake", "vpr_video"))
    assert await execute(theirs, "SELECT 1") == 1


def test_secrets_are_for_our_eyes_only(embedded: Embedded) -> None:
    endpoints = embedded.start()
    closed = [path for path in embedded.folder.iterdir() if path.stat().st_mode & 0o077]
    assert closed == []
    commands = running_commands()
    assert not [password for _, password in endpoints.nats_users.values() if password in commands]
    assert endpoints.nats_users["admin"][1] not in repr(endpoints)


def test_a_second_supervisor_is_refused(embedded: Embedded) -> None:
    embedded.start()
    with pytest.raises(EmbeddedError, match=rf"are in use \(process {os.getpid()}\)"):
        Embedded(embedded.folder).start()
    assert embedded.postgres.running
    assert embedded.broker.running


def test_nothing_started_has_no_endpoints(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="nothing was ever started"):
        Endpoints.load(tmp_path)


def supervise(folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", SUPERVISOR, str(folder)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_after_kill_9_of_the_supervisor_the_next_start_takes_over(embedded: Embedded) -> None:
    with supervise(embedded.folder) as supervisor:
        assert supervisor.stdout is not None
        left = [psutil.Process(int(pid)) for pid in supervisor.stdout.readline().split()]
        before = Endpoints.load(embedded.folder)
        await execute(before.database_urls["triage"], "CREATE TABLE kept AS SELECT 7 AS value")
        await append(before)
        supervisor.send_signal(signal.SIGKILL)
    assert [process.name() for process in left if process.is_running()] == ["postgres", "nats-server"]
    after = embedded.start()
    assert wait_until(lambda: not any(alive(process) for process in left), DEADLINE)
    assert after == before
    assert await execute(after.database_urls["triage"], "SELECT value FROM kept") == 7
    assert await messages(after) == 1


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_reused_process_number_is_left_alone(embedded: Embedded) -> None:
    embedded.start()
    pid_file = embedded.broker.pid_file
    embedded.stop()
    pid_file.write_text(str(os.getpid()))
    with embedded:
        assert embedded.broker.running


@pytest.mark.parametrize("part", ["broker", "postgres"])
async def test_a_part_is_killed_and_started_alone(embedded: Embedded, part: str) -> None:
    endpoints = embedded.start()
    await append(endpoints)
    server = embedded.broker if part == "broker" else embedded.postgres
    other = embedded.postgres if part == "broker" else embedded.broker
    untouched = other.pid
    server.kill()
    assert not server.running
    server.start()
    server.stop()
    server.start()
    assert await execute(endpoints.admin_database_url, "SELECT 1") == 1
    assert await messages(endpoints) == 1
    assert other.pid == untouched


async def test_postgres_starts_again_while_clients_of_the_killed_one_are_connected(embedded: Embedded) -> None:
    endpoints = embedded.start()
    clients = [await connect(url) for url in endpoints.database_urls.values()]
    embedded.postgres.kill()
    embedded.postgres.start()
    assert await execute(endpoints.admin_database_url, "SELECT 1") == 1
    for client in clients:
        client.terminate()


def test_parts_wait_for_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="were not started"):
        _ = Embedded(tmp_path).broker


def test_a_failed_start_tells_the_log_and_leaves_nothing_running(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_text("no_such_setting: 1")
    monkeypatch.setenv("VPR_NATS_CONFIG", str(broken))
    with pytest.raises(EmbeddedError, match=r"(?s)nats-server ended while starting.*no_such_setting"):
        embedded.start()
    monkeypatch.delenv("VPR_NATS_CONFIG")
    with embedded:
        assert embedded.broker.running


@pytest.mark.parametrize("name", ["deep" * 30, "with space", "a,b", "a:b", "a%41&b"])
async def test_a_folder_that_no_socket_address_can_say(tmp_path: Path, name: str) -> None:
    embedded = Embedded(tmp_path / name, fsync=False)
    try:
        assert await execute(embedded.start().database_urls["metrics"], "SELECT 1") == 1
    finally:
        embedded.discard()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
async def test_as_root_postgres_runs_unprivileged_beyond_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    embedded = Embedded(closed / "vpr", fsync=False)
    endpoints = embedded.start()
    assert psutil.Process(embedded.postgres.pid).uids().effective != 0
    outside = embedded.postgres.folder
    assert not outside.is_relative_to(tmp_path)
    assert outside.stat().st_mode & 0o777 == 0o700
    assert await execute(endpoints.database_urls["intake"], "SELECT 1") == 1
    embedded.discard()
    assert not outside.exists()
    assert not embedded.folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_programs_in_an_unreachable_package_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    package = postgres_folder().parents[1]
    shutil.copytree(postgres_folder().parent, site / package.name / postgres_folder().parent.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), site / f"{package.name}.libs")
    monkeypatch.setattr("vpr.embedded.binaries._package_folder", lambda name: site / name)
    site.chmod(0o700)
    home = tmp_path / "home"
    home.mkdir()
    programs = postgres_folder_for(Account(65534, 65534), home)
    assert programs.is_relative_to(home)
    assert programs == postgres_folder_for(Account(65534, 65534), home)
    assert b"PostgreSQL" in subprocess.check_output([programs / "psql", "--version"])
