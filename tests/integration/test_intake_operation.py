"""Running intake: readiness in outages, dead letters over HTTP, figures, and an orderly end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tests.examples import NARRATIVE, PERSON, new_report, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.cloudevents import MESSAGE_ID, headers_of, subject_of
from vpr_events.contracts.case import CaseClosed, CaseOpened, CloseReason
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Recorded
from vpr_events.log import STREAM, Outgoing
from vpr_events.tables import outbox

OF_A_FILING = 2
"""How many events a filing makes: it is filed, and screened."""


@asynccontextmanager
async def away(server: Any) -> AsyncIterator[None]:
    """Without this server."""
    await asyncio.to_thread(server.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)


async def file(system: System, **options: Any) -> httpx.Response:
    return await system["intake"].post("/v1/reports", json=new_report(), headers=system.as_(Role.OFFICER), **options)


async def test_a_service_with_everything_is_ready(intake: System) -> None:
    async def ready() -> bool:
        return bool((await intake["intake"].get("/readyz")).json()["status"] == "ready")

    await until(ready)
    assert (await intake["intake"].get("/healthz")).json() == {"status": "alive"}


async def test_without_a_database_a_service_is_alive_and_not_ready_and_comes_back(intake: System) -> None:
    assert (await file(intake)).status_code == 201
    async with away(intake.servers.embedded.postgres):
        answer = await intake["intake"].get("/readyz")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:vpr:problem:unavailable")
        refused = await file(intake)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert (await intake["intake"].get("/healthz")).status_code == 200
        form = await intake["intake"].get("/open311/v2/requests.json", params={"api_key": f"vpr_{uuid4().hex}_x"})
        assert (form.status_code, form.json()[0]["code"]) == (503, 503)

    async def filed() -> bool:
        return (await file(intake)).status_code == 201

    await until(filed)


async def test_a_database_that_lets_nobody_in_is_an_outage_and_no_fault(intake: System) -> None:
    endpoints = intake.servers.embedded.endpoints
    database = make_url(intake.runtime("intake").settings.database_url.get_secret_value()).database
    engine = create_async_engine(endpoints.admin_database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as admin:
        await admin.execute(text(f'alter database "{database}" connection limit 0'))
        await admin.execute(
            text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"), {"name": database}
        )

        async def refused() -> bool:
            return (await intake["intake"].get("/readyz")).status_code == 503

        await until(refused)
        assert (await file(intake)).status_code == 503
        await admin.execute(text(f'alter database "{database}" connection limit -1'))
    await engine.dispose()

    async def ready() -> bool:
        return (await intake["intake"].get("/readyz")).status_code == 200

    await until(ready)


async def test_without_a_broker_reports_are_filed_and_published_later(intake: System) -> None:
    async with away(intake.servers.embedded.broker):

        async def degraded() -> bool:
            answer = await intake["intake"].get("/readyz")
            assert answer.status_code == 200
            return bool(answer.json()["status"] == "degraded" and answer.json()["broker"] is False)

        await until(degraded)
        assert (await file(intake)).status_code == 201
        state = (await intake["intake"].get("/readyz")).json()
        assert (state["outbox"], state["inbox_pending"]) == (OF_A_FILING, None)
        assert state["oldest_unpublished"]
    await intake.quiet()
    assert await logged(intake.servers) == OF_A_FILING


async def test_a_service_whose_durable_was_not_made_yet_is_ready_all_the_same(servers: Servers) -> None:
    await servers.fresh_log([])
    system = System(servers)
    async with servers.database("intake") as url, system.service("intake", url):
        await until(lambda: _connected(system))
        answer = await system["intake"].get("/readyz")
        assert (answer.status_code, answer.json()["inbox_pending"]) == (200, None)


async def _connected(system: System) -> bool:
    return system.runtime("intake").log.connected


async def logged(servers: Servers) -> int:
    """How many events the log holds."""
    async with servers.admin_log() as admin:
        return int((await admin._client.jetstream().stream_info(STREAM)).state.messages)


async def test_a_service_that_ends_has_published_what_it_accepted(servers: Servers) -> None:
    await servers.fresh_log(["intake"])
    system = System(servers)
    async with servers.database("intake") as url:
        async with system.service("intake", url):
            await until(lambda: _connected(system))
            answers = await asyncio.gather(*(file(system) for _ in range(30)))
            assert {one.status_code for one in answers} == {201}
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            assert (await connection.execute(select(func.count()).select_from(outbox))).scalar_one() == 0
        await engine.dispose()
    assert await logged(servers) == 30 * OF_A_FILING


async def test_a_service_that_ends_while_the_broker_is_away_publishes_after_its_next_start(servers: Servers) -> None:
    await servers.fresh_log(["intake"])
    system = System(servers)
    async with servers.database("intake") as url:
        async with away(servers.embedded.broker), system.service("intake", url):
            assert (await file(system)).status_code == 201
        async with system.service("intake", url):
            await system.quiet()
    assert await logged(servers) == OF_A_FILING


async def test_the_figures_are_prometheus_text_without_personal_data(intake: System) -> None:
    location = (await file(intake)).headers["Location"]
    await intake["intake"].get(f"{location}?secret=sesame", headers=intake.as_(Role.OFFICER))
    await intake["intake"].get("/nowhere/Quillon")
    await intake.quiet()
    answer = await intake["intake"].get("/telemetry")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'vpr_request_seconds_count{method="GET",route="/v1/reports/{report_id}",status="403"} 1.0' in answer.text
    assert 'vpr_request_seconds_count{method="POST",route="/v1/reports",status="201"} 1.0' in answer.text
    assert 'route="unmatched",status="404"' in answer.text
    for name in ("vpr_outbox_waiting", "vpr_inbox_pending", "vpr_dead_letters"):
        assert f"\n{name} 0.0" in answer.text
    for word in ("Quillon", "sesame", location.rsplit("/", 1)[1], PERSON["last_name"], NARRATIVE):
        assert word not in answer.text


async def test_every_answer_carries_a_request_id_and_the_headers_that_guard_browsers(intake: System) -> None:
    for answer in (await intake["intake"].get("/v1/categories"), await intake["intake"].get("/v1/reports/17")):
        assert len(answer.headers["X-Request-Id"]) == 32
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def broken(event: Recorded) -> Outgoing:
    """The event with a body that breaks its contract."""
    headers = headers_of(event) | {MESSAGE_ID: uuid4().hex}
    return Outgoing(subject_of(event.type), headers, b'{"reason": "Quillon"}')


async def letters(system: System) -> list[dict[str, Any]]:
    answer = await system["intake"].get("/v1/dead-letters", headers=system.as_(Role.ADMIN))
    assert answer.status_code == 200, answer.text
    assert "Quillon" not in answer.text
    return list(answer.json())


async def test_an_operator_lists_and_discards_what_nobody_can_read(intake: System) -> None:
    opened = recorded(CaseOpened(report_id=UUID(int=1), category="theft", channel=Channel.WEB), entity=UUID(int=1))
    closed = recorded(CaseClosed(reason=CloseReason.RESOLVED), entity=UUID(int=2))
    async with intake.servers.admin_log() as admin:
        await admin.publish([broken(closed)])
    await intake.servers.publish(opened)

    [letter] = await until(lambda: letters(intake))
    assert (letter["type"], letter["dead"], letter["attempts"]) == ("case.closed.v1", True, 0)
    assert letter["error"] == "the body of case.closed.v1 breaks its contract"
    assert (await intake["intake"].get("/readyz")).json()["status"] == "degraded"

    admin_headers, path = intake.as_(Role.ADMIN), f"/v1/dead-letters/{letter['id']}"
    replayed = await intake["intake"].post(f"{path}/replay", headers=admin_headers)
    assert (replayed.status_code, replayed.json()["type"]) == (404, "urn:vpr:problem:no_such_letter")
    assert (await intake["intake"].delete(path, headers=admin_headers)).status_code == 204
    assert (await intake["intake"].delete(path, headers=admin_headers)).status_code == 404
    assert await letters(intake) == []
    await intake.quiet()


async def test_a_letter_is_replayed_once_its_cause_is_gone(intake: System) -> None:
    report = UUID((await file(intake)).json()["id"])
    engine = intake.runtime("intake").engine
    async with engine.begin() as connection:
        await connection.execute(text("alter table progress add constraint broken check (opened_at is null)"))
    opened = recorded(CaseOpened(report_id=report, category="theft", channel=Channel.WEB), entity=report)
    await intake.servers.publish(opened)
    [letter] = await until(lambda: letters(intake))
    assert (letter["error"], letter["attempts"]) == ("IntegrityError", 3)

    async with engine.begin() as connection:
        await connection.execute(text("alter table progress drop constraint broken"))
    path = f"/v1/dead-letters/{letter['id']}/replay"
    assert (await intake["intake"].post(path, headers=intake.as_(Role.ADMIN))).status_code == 204

    async def shown() -> bool:
        answer = await intake["intake"].get(f"/v1/reports?id={report}", headers=intake.as_(Role.OFFICER))
        return bool(answer.json()[0]["progress"]["opened_at"])

    await until(shown)
    assert await letters(intake) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/dead-letters"), ("POST", "/v1/dead-letters/1/replay"), ("DELETE", "/v1/dead-letters/1")],
)
async def test_dead_letters_are_for_administrators(intake: System, method: str, path: str) -> None:
    assert (await intake["intake"].request(method, path)).status_code == 401
    others = [role for role in Role if role is not Role.ADMIN]
    assert (await intake["intake"].request(method, path, headers=intake.as_(*others))).status_code == 403


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**63), str(10**30)])
async def test_a_letter_of_no_possible_number_is_refused(intake: System, number: str) -> None:
    answer = await intake["intake"].delete(f"/v1/dead-letters/{number}", headers=intake.as_(Role.ADMIN))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "letter")
