"""From the moment a report is sent to the moment its case stands in triage's queue, at a steady rate."""

import asyncio
import time
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

from tests.bench.steady import Steady
from tests.processes import Separate
from vpr_events.contracts.values import Role

ANNOUNCE = """
create or replace function announce_case() returns trigger language plpgsql as
$$ begin perform pg_notify('case_opened', new.report_id::text); return new; end $$;
create or replace trigger announce_case after insert on cases for each row execute function announce_case();
"""


async def filed_to_visible(system: Separate, per_second: int, seconds: int) -> list[float]:
    """Milliseconds of each report, sorted."""
    sent: dict[UUID, float] = {}
    watching = asyncio.create_task(_first_seen(system, per_second * seconds))
    await asyncio.sleep(1)
    load = Steady(system.url("intake"), system.token(Role.OFFICER), sent.__setitem__)
    await load.run(per_second, seconds)
    seen = await asyncio.wait_for(watching, 60)
    return sorted((seen[report] - moment) * 1000 for report, moment in sent.items())


async def _first_seen(system: Separate, total: int) -> dict[UUID, float]:
    """Report id -> when the commit that made its case was announced: PostgreSQL notifies at commit, nobody polls."""
    seen: dict[UUID, float] = {}
    complete = asyncio.Event()

    def note(_: object, __: int, ___: str, report: object) -> None:
        seen.setdefault(UUID(str(report)), time.perf_counter())
        if len(seen) == total:
            complete.set()

    url = make_url(system.embedded.endpoints.database_urls["triage"]).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))  # type: ignore[no-untyped-call]  # no types
    await connection.execute(ANNOUNCE)
    await connection.add_listener("case_opened", note)
    await complete.wait()
    await connection.close()
    return seen
