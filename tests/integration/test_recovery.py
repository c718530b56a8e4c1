"""Databases restored to an earlier hour: nothing is written until the log gave back what they lack, exactly."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.e2e.test_no_personal_data import found_in
from tests.examples import NARRATIVE, new_report, recorded
from tests.reading import read_log
from tests.repairs import LIBRARY, PRIVATE
from tests.system import Servers, System
from tests.waiting import until
from vpr.backup import restore_databases, take_backup
from vpr.embedded import Endpoints
from vpr.services import durables
from vpr_events.contracts import OWNERS, SERVICES
from vpr_events.contracts.report import ReportHoldPlaced
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_events.tables import events, recoveries

NOTE = "The marzipan-coloured bicycle has a bell."


@dataclass
class Town:
    """Five services that can be stopped, restored and started again on one log."""

    servers: Servers
    urls: Mapping[str, str]
    folder: Path

    @property
    def endpoints(self) -> Endpoints:
        """These databases on the run's servers."""
        return replace(self.servers.embedded.endpoints, database_urls=self.urls)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[System]:
        """The services run."""
        system = System(self.servers)
        async with AsyncExitStack() as stack:
            for name, url in self.urls.items():
                await stack.enter_async_context(system.service(name, url, **self._options(name)))
            yield system

    def _options(self, name: str) -> dict[str, Any]:
        return {"folder": self.folder / "duckdb"} if name == "metrics" else {}

    async def backup(self) -> None:
        """Take a backup."""
        await asyncio.to_thread(take_backup, self.endpoints, self.folder / "seals", self.folder / "backup")

    async def restore(self, services: Sequence[str] = SERVICES) -> None:
        """Put databases back."""
        folder, seals = self.folder / "backup", self.folder / "seals"
        await asyncio.to_thread(restore_databases, folder, self.endpoints, seals, services)

    async def rows(self, service: str, statement: str) -> list[dict[str, Any]]:
        """Rows of a service's database."""
        engine = create_async_engine(self.urls[service])
        async with engine.connect() as connection:
            found = [dict(row) for row in (await connection.execute(text(statement))).mappings()]
        await engine.dispose()
        return found

    async def known(self) -> Mapping[str, Any]:
        """All that the services know by events: them, without their positions, and the read models."""
        return {service: await self._known(service) for service in SERVICES}

    async def _known(self, service: str) -> Mapping[str, Any]:
        tables = await self.rows(service, "select tablename from pg_tables where schemaname = 'public'")
        names = {row["tablename"] for row in tables} - LIBRARY - PRIVATE
        rows = {name: await self.rows(service, f'select * from "{name}"') for name in names}
        return {
            name: sorted(str({k: v for k, v in row.items() if k != "position"}) for row in found)
            for name, found in rows.items()
        }

    async def personal(self) -> list[str]:
        """Services that hold any of the example's personal data, in any table."""
        return [service for service in SERVICES if await self._is_personal(service)]

    async def _is_personal(self, service: str) -> bool:
        tables = await self.rows(service, "select tablename from pg_tables where schemaname = 'public'")
        names = [row["tablename"] for row in tables]
        found = [await self.rows(service, f'select t::text as row from "{name}" t') for name in names]
        return bool(found_in(str(found).encode()))


@pytest.fixture
async def town(servers: Servers, tmp_path: Path) -> AsyncIterator[Town]:
    await servers.fresh_log(SERVICES)
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(servers.database(name)) for name in SERVICES}
        (tmp_path / "duckdb").mkdir()
        yield Town(servers, urls, tmp_path)


async def post(system: System, role: Role, service: str, path: str, body: Any = None) -> Any:
    answer = await system[service].post(path, json=body, headers=system.as_(role))
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


async def file_one(system: System) -> str:
    return str((await post(system, Role.OFFICER, "intake", "/v1/reports", new_report()))["id"])


async def case_of(system: System, report: str) -> str:
    async def found() -> str | None:
        params: dict[str, Any] = {"limit": 200, "status": ["open", "claimed", "assessed", "closed"]}
        cases = await system["triage"].get("/v1/cases", headers=system.as_(Role.OFFICER), params=params)
        return next((case["id"] for case in cases.json() if case["report_id"] == report), None)

    return str(await until(found))


async def meet(system: System, report: str) -> str:
    """Claimed, a session asked for and connected: the case."""
    case = await case_of(system, report)
    await post(system, Role.OFFICER, "triage", f"/v1/cases/{case}/claim")
    await post(system, Role.OFFICER, "triage", f"/v1/cases/{case}/video-requests")

    async def session() -> Any:
        params = {"case_id": case}
        return (await system["video"].get("/v1/sessions", headers=system.as_(Role.OFFICER), params=params)).json()

    [found] = await until(session)
    link = (await post(system, Role.OFFICER, "video", f"/v1/sessions/{found['id']}/invitations", {}))["link"]
    joined = (await system["video"].post("/v1/join", json={"token": link.rpartition("/")[2]})).json()
    session_url = f"/v1/sessions/{found['id']}"
    await post(system, Role.OFFICER, "video", f"{session_url}/participants")
    await post(system, Role.OFFICER, "video", f"{session_url}/participants/{joined['participant_id']}/admission")
    await post(system, Role.OFFICER, "video", f"{session_url}/connection", {"mode": "audio"})
    return case


async def drive(system: System, report: str, case: str) -> None:
    """Assessed with a note, a unit sent and cleared: triage closes the case."""
    outcome = {"outcome": "dispatch", "capabilities": ["patrol"], "note": NOTE}
    await post(system, Role.OFFICER, "triage", f"/v1/cases/{case}/assessment", outcome)
    new = {"call_sign": f"P{uuid4().hex[:6]}", "capabilities": ["patrol"]}
    unit = (await post(system, Role.DISPATCHER, "dispatch", "/v1/units", new))["id"]

    async def dispatch() -> Any:
        params = {"report_id": report}
        headers = system.as_(Role.DISPATCHER)
        return (await system["dispatch"].get("/v1/dispatches", headers=headers, params=params)).json()

    [found] = await until(dispatch)
    path = f"/v1/dispatches/{found['id']}/units"
    await post(system, Role.DISPATCHER, "dispatch", path, {"unit_id": unit})
    await post(system, Role.DISPATCHER, "dispatch", f"{path}/{unit}/clear")

    async def closed() -> bool:
        headers = system.as_(Role.OFFICER)
        return bool((await system["triage"].get(f"/v1/cases/{case}", headers=headers)).json()["status"] == "closed")

    await until(closed)


async def erase(system: System, report: str) -> None:
    for role in (Role.SUPERVISOR, Role.ADMIN):
        answer = await system["intake"].post(f"/v1/reports/{report}/erasure", headers=system.as_(role))
    assert answer.json()["status"] == "erased"


async def recover(town: Town, system: System, service: str) -> Any:
    """What `vpr recover` does for one service: the state at its end."""
    async with town.servers.admin_log() as admin:
        await admin.reset(durables([service]))
    answer = await system[service].post("/v1/recovery", headers=system.as_(Role.ADMIN))
    assert answer.status_code == 202, answer.text

    async def ended() -> Any:
        state = (await system[service].get("/v1/recovery", headers=system.as_(Role.ADMIN))).json()
        return state if state["stage"] != "running" else None

    return await until(ended)


async def refused(system: System, role: Role, service: str, path: str, body: Any = None) -> bool:
    answer = await system[service].post(path, json=body, headers=system.as_(role))
    return answer.status_code == 503 and answer.json()["type"] == "urn:vpr:problem:recovery_needed"


async def test_restored_databases_take_back_from_the_log_what_they_lack(town: Town) -> None:
    async with town.up() as system:
        erased, halfway = [await file_one(system) for _ in range(2)]
        await drive(system, erased, await meet(system, erased))
        case = await meet(system, halfway)
        await system.quiet()
        await town.backup()
        assert await town.personal() == ["intake", "triage"]

        await drive(system, halfway, case)
        late, untouched = [await file_one(system) for _ in range(2)]
        await drive(system, late, await meet(system, late))
        for report in (erased, halfway, late, untouched):
            await erase(system, report)
        await system.quiet()
        assert await town.personal() == []
        figures = await timings(system)
    before, log = await town.known(), await read_log(town.endpoints)

    await town.restore()
    assert await town.personal() == ["intake", "triage"]
    async with town.up() as system:
        for service in SERVICES:
            ready = await system[service].get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (503, "recovery_needed")
        assert await refused(system, Role.OFFICER, "intake", "/v1/reports", new_report())
        assert await refused(system, Role.OFFICER, "triage", f"/v1/cases/{case}/claim")
        assert await refused(system, Role.ADMIN, "intake", f"/v1/reports/{erased}/erasure")
        assert await refused(system, Role.ADMIN, "intake", "/v1/refill")
        states = {service: await recover(town, system, service) for service in SERVICES}
        assert {state["stage"] for state in states.values()} == {"done"}, states
        assert set(states["intake"]["reports"]) == {erased, halfway, late, untouched}
        await system.quiet()
        assert {(await system[service].get("/readyz")).status_code for service in SERVICES} == {200}
        assert await town.known() == before
        assert await town.personal() == []
        assert await read_log(town.endpoints) == log
        assert {system.runtime(service).relay.published for service in SERVICES} == {0}
        for service in SERVICES:
            marks = await town.rows(service, "select unnest(event_ids) as id from published order by batch")
            assert [row["id"] for row in marks] == [event.id for event in log if OWNERS[event.family] == service]
        assert await timings(system) == figures

        again = await file_one(system)
        await drive(system, again, await meet(system, again))
        await system.quiet()
        refusal = await system["intake"].post("/v1/recovery", headers=system.as_(Role.ADMIN))
        assert refusal.json()["type"] == "urn:vpr:problem:recovery_not_needed"
    assert in_order(await read_log(town.endpoints))


def in_order(log: Sequence[Any]) -> bool:
    seen: dict[str, int] = {}
    for event in log:
        if event.version != seen.get(event.stream, 0) + 1:
            return False
        seen[event.stream] = event.version
    return True


async def timings(system: System) -> Any:
    async def counted() -> Any:
        answer = await system["metrics"].get("/v1/timings", headers=system.as_(Role.SUPERVISOR))
        return answer.json() if answer.status_code == 200 else None

    return (await until(counted))["intervals"]


async def test_one_service_alone_is_recovered_and_a_recovery_may_be_begun_again(town: Town) -> None:
    async with town.up() as system:
        first = await file_one(system)
        case = await meet(system, first)
        await system.quiet()
        await town.backup()
        await drive(system, first, case)
        await system.quiet()
    before, log = await town.known(), await read_log(town.endpoints)
    others = {name: url for name, url in town.urls.items() if name != "triage"}
    await restore_unmarked(town, "triage")

    async with town.up() as system:
        await wait_compared(system, "triage")
        assert (await system["triage"].get("/readyz")).status_code == 503
        assert {(await system[name].get("/readyz")).status_code for name in others} == {200}
        answer = await system["triage"].post("/v1/recovery", headers=system.as_(Role.ADMIN))
        assert answer.status_code == 202

        async def failed() -> Any:
            state = (await system["triage"].get("/v1/recovery", headers=system.as_(Role.ADMIN))).json()
            return state if state["stage"] == "failed" else None

        assert "NotReset" in (await until(failed))["error"]
        assert (await recover(town, system, "triage"))["stage"] == "done"
        await system.quiet()
        assert await town.known() == before
        assert await read_log(town.endpoints) == log


async def wait_compared(system: System, service: str) -> None:
    """It has seen that its log and its database differ: a start waits a moment for it, and then serves."""

    async def compared() -> bool:
        return system.runtime(service).gate.reason is not None

    await until(compared)


async def restore_unmarked(town: Town, service: str) -> None:
    """As an administrator of the server would: the service must find out by itself."""
    await town.restore([service])
    engine = create_async_engine(town.urls[service])
    async with engine.begin() as connection:
        await connection.execute(recoveries.delete())
    await engine.dispose()


async def test_a_log_that_contradicts_the_database_is_not_recovered(town: Town) -> None:
    async with town.up() as system:
        report = UUID(await file_one(system))
        await system.quiet()
    *_, last = [one for one in await read_log(town.endpoints) if one.stream == f"report/{report}"]
    placed = ReportHoldPlaced(hold_id=new_id(), placed_by=new_id())
    forged = replace(recorded(placed, entity=report, after=last), hash="0" * 64)
    await town.servers.publish(forged)
    async with town.up() as system:
        await wait_compared(system, "intake")
        assert (await system["intake"].get("/readyz")).json()["recovery_needed"] == "log_ahead"
        state = await recover(town, system, "intake")
        assert (state["stage"], state["needed"]) == ("failed", "log_ahead")
        assert "its hash does not fit" in state["error"]
        assert (await system["intake"].get("/readyz")).status_code == 503
    assert len(await town.rows("intake", f"select 1 from {events.name}")) == 2


async def test_a_damaged_backup_is_refused_and_nothing_is_changed(town: Town) -> None:
    async with town.up() as system:
        await file_one(system)
        await system.quiet()
        await town.backup()
        with pytest.raises(Exception, match="in use"):
            await town.restore()
    assert NARRATIVE not in (town.folder / "backup" / "manifest.json").read_text()
    before = await town.known()
    dump = town.folder / "backup" / "video.dump"
    whole = dump.read_bytes()
    for damaged in (whole[:-1], whole[:100] + b"x" + whole[101:]):
        dump.write_bytes(damaged)
        with pytest.raises(Exception, match=r"damaged: video\.dump"):
            await town.restore()
    dump.unlink()
    with pytest.raises(Exception, match=r"damaged: video\.dump"):
        await town.restore()
    assert await town.known() == before
    with pytest.raises(Exception, match="exists"):
        await town.backup()
