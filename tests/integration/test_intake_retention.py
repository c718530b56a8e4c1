"""Rules of retention: erased on time, once, and never while a report is open or held."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from tests.access import Others, Person, file_report, problem
from tests.examples import NOON, minutes, new_report, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events import store
from vpr_events.contracts.access import AccessAlarmRaised, AlarmKind
from vpr_events.contracts.case import CaseClosed, CaseOpened, CaseReopened, CloseReason
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Recorded, derived_id
from vpr_intake import dispositions
from vpr_intake.city import load_city, shipped
from vpr_intake.domain.access import NOBODY
from vpr_intake.domain.retention import Retention, RetentionRule
from vpr_intake.retaining import Retaining
from vpr_intake.tables import dispositions as rows
from vpr_intake.tables import particulars, reports
from vpr_service.clock import SteppedTime

DAY = timedelta(days=1)
RULES = Retention(
    RetentionRule("general", 30 * DAY), {"assault": RetentionRule("violence", 100 * DAY)}, unclosed=60 * DAY
)
CITY = replace(load_city(shipped()["winnipeg"]), retention=RULES)


@dataclass
class Kept:
    """Intake on stepped time, whose worker looks all the time."""

    system: System
    clock: SteppedTime

    async def files(self, category: str = "theft") -> UUID:
        answer = await self.system["intake"].post(
            "/v1/reports", json=new_report(category=category), headers=self.system.as_(Role.OFFICER)
        )
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def case(self, report: UUID, *events: CaseOpened | CaseClosed | CaseReopened) -> None:
        """What triage tells of a report's case, at NOON."""
        case = Others(self.system, report)
        for event in events:
            await case.tell("case", event)

    def goes_to(self, days: float) -> None:
        """So many days after noon."""
        self.clock.step_to(NOON + days * DAY)

    async def personal(self, report: UUID) -> bool:
        async with self.system.runtime("intake").reading() as connection:
            query = select(particulars.c.report_id).where(particulars.c.report_id == report)
            return (await connection.execute(query)).first() is not None

    async def erased(self, report: UUID) -> ReportPersonalDataErased:
        async def event() -> ReportPersonalDataErased | None:
            return next((one for one in await events_of(self.system, f"report/{report}")
                         if isinstance(one, ReportPersonalDataErased)), None)  # fmt: skip

        found = await until(event)
        assert found
        return found

    async def rounds(self, count: int = 2) -> None:
        """The worker has looked so many times since now."""
        worker = worker_of(self.system)
        for _ in range(count):
            worker.told = before = dict(worker.told)

            async def looked(old: object = before) -> bool:
                return worker.told is not old

            await until(looked)


def worker_of(system: System) -> Retaining:
    return system.runtime("intake").worker(Retaining)


async def events_of(system: System, stream: str) -> list[object]:
    async with system.runtime("intake").reading() as connection:
        return [one.data for one in (await store.load(connection, [stream]))[stream]]


OPENED = CaseOpened(report_id=uuid4(), category="theft", channel=Channel.WEB)
CLOSED = CaseClosed(reason=CloseReason.RESOLVED)
REOPENED = CaseReopened(reason="new_facts")


@pytest.fixture
async def kept(servers: Servers) -> AsyncIterator[Kept]:
    clock = SteppedTime(NOON - DAY)
    async with System.started(servers, ["intake"], clock, city=CITY, retention_every=0.02) as system:
        clock.step_to(NOON)
        yield Kept(system, clock)


async def test_a_closed_case_is_erased_by_its_rule_when_its_time_has_come(kept: Kept) -> None:
    report = await kept.files()
    await kept.case(report, OPENED, CLOSED)
    kept.goes_to(29.99)
    await kept.rounds()
    assert await kept.personal(report)
    kept.goes_to(31)
    told = await kept.erased(report)
    assert (told.basis, told.rule, told.approvers) == (ErasureBasis.RETENTION, "general", ())
    assert not await kept.personal(report)
    await kept.rounds()
    erasures = [one for one in await events_of(kept.system, f"report/{report}") if one == told]
    assert len(erasures) == 1
    assert "vpr_retention_erased_total 1.0" in (await kept.system["intake"].get("/telemetry")).text


async def test_a_category_has_a_rule_of_its_own(kept: Kept) -> None:
    theft, assault = await kept.files(), await kept.files("assault")
    for report in (theft, assault):
        await kept.case(report, OPENED, CLOSED)
    kept.goes_to(99)
    assert (await kept.erased(theft)).rule == "general"
    await kept.rounds()
    assert await kept.personal(assault)
    kept.goes_to(101)
    assert (await kept.erased(assault)).rule == "violence"


async def test_a_withdrawn_report_counts_from_its_withdrawal(kept: Kept) -> None:
    report, clerk = await kept.files(), Person(kept.system)
    kept.goes_to(10)
    assert (await clerk.post(f"/v1/reports/{report}/withdrawal", {"reason": "mistake"})).status_code == 200
    kept.goes_to(39)
    await kept.rounds()
    assert await kept.personal(report)
    kept.goes_to(41)
    await kept.erased(report)


async def test_an_open_case_is_never_erased_even_of_a_withdrawn_report(kept: Kept) -> None:
    report, clerk = await kept.files(), Person(kept.system)
    await kept.case(report, OPENED)
    assert (await clerk.post(f"/v1/reports/{report}/withdrawal", {"reason": "mistake"})).status_code == 200
    other = await kept.files()
    await kept.case(other, OPENED, CLOSED, REOPENED)
    kept.goes_to(30_000)
    await kept.rounds()
    assert await kept.personal(report)
    assert await kept.personal(other)


async def test_a_held_report_is_passed_over_and_taken_when_the_hold_ends(kept: Kept) -> None:
    report, other, keeper = await kept.files(), await kept.files(), Person(kept.system, Role.SUPERVISOR)
    hold = (await keeper.post(f"/v1/reports/{report}/holds")).json()["id"]
    for one in (report, other):
        await kept.case(one, OPENED, CLOSED)
    kept.goes_to(31)
    await kept.erased(other)
    await kept.rounds()
    assert await kept.personal(report)
    state = (await kept.system["intake"].get("/readyz")).json()
    assert (state["retention_due"], state["retention_held"], state["retention_age"]) == (0, 1, None)
    assert "vpr_retention_held 1.0" in (await kept.system["intake"].get("/telemetry")).text
    lifted = await kept.system["intake"].delete(f"/v1/reports/{report}/holds/{hold}", headers=keeper.headers())
    assert lifted.status_code == 204
    await kept.erased(report)


async def test_a_report_that_never_ends_alarms_again_after_its_time(kept: Kept) -> None:
    report = await kept.files()

    async def alarms() -> list[AccessAlarmRaised]:
        told = await events_of(kept.system, f"access/{report}")
        return [one for one in told if isinstance(one, AccessAlarmRaised)]

    kept.goes_to(59)
    await kept.rounds()
    assert await alarms() == []
    kept.goes_to(61)
    [alarm] = await until(alarms)
    assert (alarm.kind, alarm.caused_by, alarm.reason) == (AlarmKind.UNCLOSED_REPORT, NOBODY, "open_for_too_long")
    assert await kept.personal(report)
    kept.goes_to(200)
    await kept.rounds()
    assert len(await alarms()) == 1, "it is open still"
    keeper = Person(kept.system, Role.SUPERVISOR)
    assert (await keeper.post(f"/v1/alarms/{alarm.alarm_id}/acknowledgement")).status_code == 200
    kept.goes_to(201)

    async def twice() -> bool:
        return len(await alarms()) == 2

    await until(twice)
    kept.goes_to(202)
    await kept.rounds()
    assert len(await alarms()) == 2


async def test_nothing_is_erased_after_a_hold_was_placed(kept: Kept) -> None:
    """Holds come while the worker erases: where the hold was answered with 201, everything is there for good."""
    filed = [await kept.files() for _ in range(24)]
    for report in filed:
        await kept.case(report, OPENED, CLOSED)
    keeper, chance = Person(kept.system, Role.SUPERVISOR), random.Random(20260504)  # noqa: S311

    def erased_so_many(count: int) -> Callable[[], Awaitable[bool]]:
        async def erased() -> bool:
            return bool(worker_of(kept.system).erased._value.get() >= count)

        return erased

    async def holds(report: UUID) -> bool:
        await until(erased_so_many(chance.randrange(8)))
        answer = await keeper.post(f"/v1/reports/{report}/holds")
        assert answer.status_code == 201 or problem(answer) == (409, "erased")
        if held := answer.status_code == 201:
            assert await kept.personal(report)
        return held

    kept.goes_to(31)
    answers = await asyncio.gather(*(holds(report) for report in filed))
    await kept.rounds(3)
    assert [await kept.personal(report) for report in filed] == answers


async def test_several_processes_share_the_work(servers: Servers) -> None:
    clock = SteppedTime(NOON - DAY)
    async with (
        servers.database("intake") as url,
        System.started(servers, [], clock) as system,
    ):
        await servers.fresh_log(["intake"])
        async with system.service("intake", url, city=CITY, retention_every=0.02):
            clock.step_to(NOON)
            kept = Kept(system, clock)
            filed = [await kept.files() for _ in range(12)]
            for report in filed:
                await kept.case(report, OPENED, CLOSED)
            async with system.service("intake", url, city=CITY, retention_every=0.02):
                kept.goes_to(31)
                for report in filed:
                    await kept.erased(report)
                await kept.rounds()
                for report in filed:
                    told = await events_of(system, f"report/{report}")
                    assert sum(isinstance(one, ReportPersonalDataErased) for one in told) == 1


async def test_a_city_without_rules_erases_nothing(servers: Servers) -> None:
    clock, city = SteppedTime(NOON - DAY), replace(CITY, retention=None)
    async with System.started(servers, ["intake"], clock, city=city, retention_every=0.02) as system:
        clock.step_to(NOON)
        kept = Kept(system, clock)
        report = await kept.files()
        await kept.case(report, OPENED, CLOSED)
        kept.goes_to(30_000)
        assert (await system["intake"].get("/v1/city")).json()["retention"] is None
        await worker_of(system).run(asyncio.Event())
        assert await kept.personal(report)


async def test_the_query_finds_what_the_rule_says(intake: System) -> None:
    """Many reports by chance: those that the database finds are those that the pure rule finds."""
    chance, now = random.Random(7), NOON  # noqa: S311

    def ended_at() -> datetime | None:
        some = now - timedelta(seconds=chance.randint(-5, 12_000_000))
        return chance.choice([None, some, now - 30 * DAY, now - 100 * DAY])

    made = [(uuid4(), chance.choice(["theft", "assault", "gone"]), ended_at()) for _ in range(400)]
    async with intake.runtime("intake").engine.connect() as connection:
        for report, category, ended in made:
            row = {"id": report, "version": 1, "channel": "web", "category": category, "filed_at": NOON}
            await connection.execute(insert(reports).values(row))
            await connection.execute(insert(rows).values(report_id=report, version=1, ended_at=ended))
        expected = [
            (ended, report) for report, category, ended in made
            if ended and (due := RULES.due_at(category, ended)) and due <= now
        ]  # fmt: skip
        found = list[tuple[datetime, UUID]]()
        after: tuple[datetime, UUID] | None = None
        while page := await dispositions.list_due(connection, RULES, now, limit=50, after=after):
            found += [(row.ended_at, row.report_id) for row in page]
            after = (page[-1].ended_at, page[-1].report_id)
        count, held, _ = await dispositions.count_due(connection, RULES, now)
    assert 20 < len(expected) < 400
    assert found == sorted(expected)
    assert (count, held) == (len(expected), 0)


@pytest.mark.parametrize("seed", range(6))
async def test_a_cases_end_is_the_same_in_every_order(intake: System, seed: int) -> None:
    report = await file_report(intake)
    told: list[Recorded] = []
    for minute, event in enumerate([OPENED, CLOSED, REOPENED, CLOSED]):
        last = told[-1] if told else None
        told.append(
            recorded(event, entity=derived_id(report, "case"), report=report, at=NOON + minutes(minute), after=last)
        )
    shuffled = random.Random(seed).sample(told, len(told))  # noqa: S311
    inbox = intake.runtime("intake").inbox
    assert inbox
    for one in shuffled:
        handled = inbox.handled
        await intake.servers.publish(one)

        async def taken(before: int = handled) -> bool:
            return inbox.handled > before

        await until(taken)
    async with intake.runtime("intake").reading() as connection:
        ended = (await connection.execute(select(rows.c.ended_at).where(rows.c.report_id == report))).scalar_one()
    assert ended == NOON + minutes(3)
