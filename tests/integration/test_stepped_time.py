"""Stepped business time: a report's whole life in seconds, at times that are the same in every run."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.examples import new_report
from tests.processes import all_in_one
from tests.system import Servers, System
from tests.waiting import DEADLINE, until, wait_for
from vpr.home import Home
from vpr.stepping import Stepper
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_events.tables import events, timers
from vpr_service.app import create_app
from vpr_service.clock import SteppedTime, real_time
from vpr_service.settings import SharedSettings
from vpr_triage.app import service as triage
from vpr_triage.settings import Settings

START = datetime(2026, 5, 4, 8, tzinfo=UTC)
OFFICER, DISPATCHER = new_id(), new_id()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@dataclass
class City:
    """All services on stepped time, and people who act at known times."""

    system: System
    stepper: Stepper

    @property
    def clock(self) -> SteppedTime:
        return self.stepper.clock

    async def goes_on(self, span: timedelta) -> None:
        """So much business time passes, and all that it brings with it."""
        async with asyncio.timeout(120):
            await self.stepper.go_to(self.clock() + span)

    async def get(self, role: Role, service: str, path: str, **params: Any) -> Any:
        answer = await self.system[service].get(path, params=params, headers=self.system.as_(role))
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, role: Role, service: str, path: str, body: Any = None) -> Any:
        subject = DISPATCHER if role is Role.DISPATCHER else OFFICER
        headers = self.system.as_(role, subject=subject)
        answer = await self.system[service].post(path, json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json() if answer.content else None

    async def report(self) -> str:
        """File a report, and wait until its case is open: the case's id."""
        report = (await self.post(Role.OFFICER, "intake", "/v1/reports", new_report()))["id"]

        async def case() -> list[Any]:
            cases = await self.get(Role.OFFICER, "triage", "/v1/cases")
            return [one for one in cases if one["report_id"] == report]

        return str((await until(case))[0]["id"])

    async def history(self) -> list[tuple[str, timedelta]]:
        """Every event with the time since the start at which it happened, and was recorded."""
        told: list[tuple[str, timedelta]] = []
        for name in self.system.apps:
            async with self.system.runtime(name).reading() as connection:
                rows = (await connection.execute(select(events).order_by(events.c.position))).all()
            assert all(row.occurred_at == row.recorded_at for row in rows)
            told += [(row.type.rpartition(".v")[0], row.occurred_at - START) for row in rows]
        return sorted(told, key=lambda one: one[1])


@pytest.fixture
async def city(servers: Servers) -> AsyncIterator[City]:
    clock = SteppedTime(START)
    async with System.started(servers, SERVICES, clock) as system:
        yield City(system, Stepper(clock, [system.runtime(name) for name in SERVICES]))


async def test_a_reports_whole_life_takes_days_of_business_time_and_seconds_of_ours(city: City) -> None:
    begun = real_time()
    case = await city.report()
    await city.goes_on(hours(49))
    work = f"/v1/cases/{case}"
    await city.post(Role.OFFICER, "triage", f"{work}/claim")
    await city.goes_on(hours(0.25))
    await city.post(Role.OFFICER, "triage", f"{work}/claim")
    await city.post(Role.OFFICER, "triage", f"{work}/video-requests")
    await city.goes_on(hours(30.75))
    await city.post(Role.OFFICER, "triage", f"{work}/claim")
    assessment = {"outcome": "dispatch", "capabilities": ["forensic"], "priority": 3, "gravest": "lowest"}
    await city.post(Role.OFFICER, "triage", f"{work}/assessment", assessment)
    await city.goes_on(hours(1.25))
    await drive(city)
    await city.goes_on(hours(24 * 100))
    expected = [
        ("report.filed", 0), ("report.screened", 0), ("case.opened", 0),
        ("case.target_missed", 24), ("case.escalated", 48),
        ("case.claimed", 49), ("case.video_requested", 49.25), ("session.created", 49.25),
        ("case.released", 49.75), ("session.expired", 73.25), ("case.escalated", 73.75),
        ("case.claimed", 80), ("case.assessed", 80), ("dispatch.requested", 80),
        ("dispatch.hold_exceeded", 80.5), ("case.released", 80.5), ("dispatch.hold_exceeded", 81),
        ("unit.on_duty", 81.25), ("dispatch.unit_assigned", 81.25), ("dispatch.unit_cleared", 81.25),
        ("dispatch.completed", 81.25), ("case.closed", 81.25),
    ]  # fmt: skip
    told = [one for one in await city.history() if one[0] != "unit.status_changed"]
    assert sorted(told) == sorted((name, hours(count)) for name, count in expected)
    assert city.clock() == START + hours(81.25 + 2400)
    assert not any([(await city.get(Role.ADMIN, name, "/readyz"))["dead_letters"] for name in SERVICES])
    assert not await city.stepper.step(), "with nothing left to wait for, time stays"
    assert real_time() - begun < timedelta(minutes=5)


async def drive(city: City) -> None:
    """A unit comes on duty, is assigned and cleared."""
    dispatches = await city.get(Role.DISPATCHER, "dispatch", "/v1/dispatches")
    new = {"call_sign": "F7", "capabilities": ["forensic"], "home_district": "north"}
    unit = (await city.post(Role.DISPATCHER, "dispatch", "/v1/units", new))["id"]
    there = f"/v1/dispatches/{dispatches[0]['id']}/units"
    await city.post(Role.DISPATCHER, "dispatch", there, {"unit_id": unit})
    await city.post(Role.DISPATCHER, "dispatch", f"{there}/{unit}/clear")


async def test_time_stands_still_while_a_request_is_answered(city: City) -> None:
    await city.report()
    telemetry = city.system.runtime("video").telemetry
    telemetry.at_work += 1
    assert not any([await city.stepper.step() for _ in range(3)])
    assert city.clock() == START
    telemetry.at_work -= 1
    await city.goes_on(hours(30))
    assert ("case.target_missed", hours(24)) in await city.history()


async def test_time_stands_still_while_a_timer_fails(city: City) -> None:
    case = await city.report()
    async with city.system.runtime("triage").engine.begin() as connection:
        await connection.execute(timers.update().values(stream=f"unknown/{case}", due_at=START + hours(1)))
    await until(city.stepper.step)

    async def failed() -> bool:
        async with city.system.runtime("triage").reading() as connection:
            return bool((await connection.execute(select(timers.c.attempts))).scalar_one())

    await until(failed)
    assert not await city.stepper.step()
    assert city.clock() == START + hours(1)


async def test_stepped_time_resumes_behind_the_latest_event(city: City) -> None:
    await city.report()
    await city.goes_on(hours(30))
    other = SteppedTime(START)
    await Stepper(other, city.stepper.runtimes).resume()
    assert other() == START + hours(24)


def test_the_all_in_one_steps_to_where_it_was_told(tmp_path: Path) -> None:
    stop = START + hours(25)
    with all_in_one(tmp_path, "--stepped", START.isoformat(), "--until", stop.isoformat()) as system:
        issuer = Home.given(tmp_path / "home", system.url).issuer()
        headers = {"Authorization": f"Bearer {issuer.token([Role.OFFICER])}", "Idempotency-Key": "one"}
        with httpx.Client(base_url=system.url, headers=headers, timeout=DEADLINE) as client:
            client.post("/intake/v1/reports", json=new_report()).raise_for_status()

            def missed() -> list[Any]:
                return [one for one in client.get("/triage/v1/cases").json() if one["version"] == 2]

            (case,) = wait_for(missed)
            assert datetime.fromisoformat(case["opened_at"]) == START


def test_stepped_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="not go back"):
        SteppedTime(START).step_to(START - hours(1))


def test_production_has_real_time_alone(servers: Servers, tmp_path: Path) -> None:
    shared = SharedSettings(vpr_environment="production")
    settings = Settings(
        database_url="postgresql+asyncpg://nowhere/none",
        shared=shared,
        seal_key=servers.seal_key,
        seal_folder=tmp_path,
    )
    with pytest.raises(ValueError, match="real time"):
        create_app(triage, settings, (), SteppedTime(START))
