"""No note of an erased report stays, whichever comes first: the note or the erasure."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select

from tests.examples import NOON, recorded
from tests.integration.test_triage_cases import open_case
from tests.integration.test_triage_work import NOTE, RESOLVED, Desk, problem
from tests.system import Servers, System, starting_at
from tests.waiting import lock_waits, until
from vpr_events import locks, writes
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_events.event import Recorded, stream_name
from vpr_events.tables import inbox
from vpr_triage.domain.case import case_id
from vpr_triage.reactors import consumer
from vpr_triage.tables import cases, notes

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTED = RESOLVED | {"note": NOTE}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def triage(servers: Servers) -> AsyncIterator[System]:
    """Triage alone, for all these tests."""
    async with System.started(servers, ["triage"], starting_at(NOON)) as running:
        yield running


class Erasing:
    """An officer who holds the case of a report that is erased."""

    def __init__(self, system: System, report: UUID) -> None:
        self.system, self.report, self.desk = system, report, Desk(system, case_id(report))
        self.engine = system.runtime("triage").engine
        self.erased: Recorded = recorded(
            ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="general"), entity=report
        )

    async def notes(self) -> list[str]:
        async with self.engine.connect() as connection:
            return list(
                (await connection.execute(select(notes.c.text).where(notes.c.case_id == self.desk.case))).scalars()
            )

    async def taken_in(self) -> bool:
        async with self.engine.connect() as connection:
            query = select(inbox.c.event_id).where(inbox.c.event_id == self.erased.id)
            return (await connection.execute(query)).first() is not None

    async def happens(self) -> None:
        """The report is erased."""
        await self.system.servers.publish(self.erased)
        await self.system.took_in("triage", self.erased)

    async def waits(self) -> bool:
        return await lock_waits(self.engine) > 0


@pytest_asyncio.fixture(loop_scope="module")
async def erasing(triage: System) -> Erasing:
    made = Erasing(triage, await open_case(triage))
    assert (await made.desk("claim")).status_code == 200
    return made


async def test_a_note_that_is_not_committed_yet_goes_with_the_others(erasing: Erasing) -> None:
    async with erasing.engine.begin() as held:
        await held.execute(select(cases.c.id).where(cases.c.id == erasing.desk.case).with_for_update(key_share=True))
        noting = asyncio.create_task(erasing.desk("assessment", NOTED))
        await until(erasing.waits)
        await erasing.system.servers.publish(erasing.erased)

        async def told() -> bool:
            return await lock_waits(erasing.engine) > 1 or await erasing.taken_in()

        await until(told)
    assert (await noting).status_code == 201
    await erasing.system.took_in("triage", erasing.erased)
    assert await erasing.notes() == []


async def test_a_note_that_comes_while_its_report_is_erased_is_refused(erasing: Erasing) -> None:
    async with erasing.engine.begin() as held:
        await writes.run(held, consumer.writes(erasing.erased))
        noting = asyncio.create_task(erasing.desk("assessment", NOTED))

        async def waits_or_is_done() -> bool:
            return noting.done() or await erasing.waits()

        await until(waits_or_is_done)
    assert problem(await noting) == (409, "erased")
    assert await erasing.notes() == []


async def test_an_assessment_that_the_erasure_overtakes_stands_without_its_note(erasing: Erasing) -> None:
    async with erasing.engine.begin() as held:
        await locks.wait_for(held, [stream_name("case", erasing.desk.case)])
        noting = asyncio.create_task(erasing.desk("assessment", NOTED))
        await until(erasing.waits)
        await erasing.happens()
    assert (await noting).status_code == 201
    assert await erasing.notes() == []


async def test_the_case_of_an_erased_report_is_worked_on_without_notes(erasing: Erasing) -> None:
    await erasing.happens()
    assert problem(await erasing.desk("assessment", NOTED)) == (409, "erased")
    assert (await erasing.desk("assessment", RESOLVED)).status_code == 201
    assert await erasing.notes() == []


async def test_a_repeated_assessment_is_answered_as_before_after_an_erasure(erasing: Erasing) -> None:
    first = await erasing.desk("assessment", NOTED, Idempotency_Key="one")
    assert await erasing.notes() == [NOTE]
    await erasing.happens()
    assert await erasing.notes() == []
    again = await erasing.desk("assessment", NOTED, Idempotency_Key="one")
    assert (again.status_code, again.json()) == (201, first.json())
