"""Intake is killed while it delivers: nothing is lost, and nothing comes under two ids."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from tests.examples import new_report
from tests.processes import Separate, separate_services
from tests.receivers import Came, Receiver, Reply
from tests.repairs import database
from tests.waiting import DEADLINE, until
from tests.webhooks import ALL, Partner, verified
from vpr_events.contracts.values import Role

REPORTS = 40
LEASES_ARE_OVER = text(
    "update effects set due_at = clock_timestamp() where due_at < clock_timestamp() + interval '60 s'"
)
"""What was in the middle of its work when the process died is left alone for a minute, which nobody needs to wait."""


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Separate]:
    with separate_services(tmp_path, ["intake"], INTAKE_WEBHOOK_DELAYS=dumps([1] * 100)) as running:
        yield running


async def admitted(system: Separate, client: httpx.AsyncClient) -> Partner:
    answer = await client.post("/v1/clients", json={"name": uuid4().hex}, headers=system.headers(Role.ADMIN))
    return Partner(client, answer.json()["id"], answer.json()["api_key"])


async def test_deliveries_survive_kills_each_under_its_one_id(system: Separate) -> None:
    process = system.processes["intake"]

    def answering(one: Came) -> Reply:
        """Every third is not answered at first, so that kills meet some in the middle."""
        return Reply(None) if slow and one.nth % 3 == 0 else Reply(204)

    slow = True
    async with (
        Receiver.listening(answering) as receiver,
        httpx.AsyncClient(base_url=process.url, timeout=DEADLINE) as client,
    ):
        partner = await admitted(system, client)
        hooks = [await partner.webhook(f"{receiver.url}/{number}", ALL) for number in range(3)]
        filed: list[str] = []
        for _ in range(2):
            answers = await asyncio.gather(*(partner.ask("POST", "/v1/reports", new_report()) for _ in range(REPORTS)))
            filed += [answer.json()["id"] for answer in answers]
            await asyncio.to_thread(process.kill)
            with database(system, "intake") as connection:
                connection.execute(LEASES_ARE_OVER)
                connection.commit()
            await asyncio.to_thread(process.start)
        slow = False

        async def all_over() -> bool:
            return all([await _delivered(partner, hook["id"]) == len(filed) for hook in hooks])

        await until(all_over)
    told = defaultdict[tuple[str, str], set[str]](set)
    for one in receiver.came:
        number = int(one.path[1:])
        report = verified(one, hooks[number]["secret"])["data"]["report_id"]
        told[one.path, report].add(one.headers["webhook-id"])
    assert Counter(path for path, _ in told) == {f"/{number}": len(filed) for number in range(3)}
    assert {report for _, report in told} == set(filed)
    assert {len(ids) for ids in told.values()} == {1}
    assert "whsec_" not in system.output()
    assert partner.key not in system.output()


async def _delivered(partner: Partner, webhook: str) -> int:
    found = 0
    page = f"/v1/webhooks/{webhook}/deliveries?limit=200&state=delivered"
    while page:
        answer = await partner.ask("GET", page)
        found += len(answer.json())
        page = answer.links.get("next", {}).get("url", "")
    return found
