"""A database from before it: the migration knows of every report what the projections would have known."""

from datetime import datetime
from typing import Any
from uuid import UUID

from alembic import command
from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.access import Others, Person, file_report
from tests.system import Servers, System
from vpr_events.contracts.case import CaseClosed, CaseOpened, CloseReason
from vpr_events.contracts.values import Channel, Role
from vpr_intake.app import MIGRATIONS
from vpr_intake.tables import dispositions, holds
from vpr_service.migrating import config_for

BEFORE = "0012"


def again(connection: Connection) -> None:
    """Down to the form from before it, and up to this one."""
    config = config_for(MIGRATIONS)
    config.attributes["connection"] = connection
    command.downgrade(config, BEFORE)
    command.upgrade(config, "head")


async def known(connection: AsyncConnection) -> tuple[list[Any], list[Any]]:
    """Ends and erasures of reports, and holds."""
    ends = select(dispositions.c.report_id, dispositions.c.ended_at, dispositions.c.erased_at, dispositions.c.rule)
    told = (await connection.execute(ends.order_by(dispositions.c.report_id))).all()
    return list(told), list((await connection.execute(select(holds).order_by(holds.c.id))).all())


async def happened(system: System) -> None:
    """An open case, a closed one, a withdrawn report, one withdrawn with an open case, holds, an erased one."""
    opened, closed, withdrawn, both, held, erased = [await file_report(system) for _ in range(6)]
    for report in (opened, closed, both, erased):
        case = Others(system, report)
        await case.tell("case", CaseOpened(report_id=report, category="theft", channel=Channel.WEB))
        if report in {closed, erased}:
            await case.tell("case", CaseClosed(reason=CloseReason.RESOLVED))
    clerk, keeper = Person(system), Person(system, Role.SUPERVISOR)
    for report in (withdrawn, both):
        await clerk.post(f"/v1/reports/{report}/withdrawal", {"reason": "mistake"})
    ids = [(await keeper.post(f"/v1/reports/{held}/holds")).json()["id"] for _ in range(2)]
    await system["intake"].delete(f"/v1/reports/{held}/holds/{ids[0]}", headers=keeper.headers())
    for person in (keeper, Person(system, Role.ADMIN)):
        await person.post(f"/v1/reports/{erased}/erasure")


async def test_what_is_known_already_is_filled_in(servers: Servers) -> None:
    async with servers.database("intake") as url, System.started(servers, []) as system:
        await servers.fresh_log(["intake"])
        async with system.service("intake", url):
            await happened(system)
            await system.quiet()
            system.apps.clear()
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            before = await known(connection)
            await connection.run_sync(again)
            assert await known(connection) == before
        await engine.dispose()
    ends, held = before
    ended: list[tuple[UUID, datetime | None]] = [(row.report_id, row.ended_at) for row in ends]
    assert (len(ended), sum(end is None for _, end in ended)) == (5, 2)
    assert [row.lifted_at is None for row in held].count(True) == 1
    assert sum(row.erased_at is not None for row in ends) == 1
