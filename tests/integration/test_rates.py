"""How often may be asked: by key, by source, by a public form; and which proxies are believed to say who asks."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request
from limits import parse

from tests.examples import new_report
from tests.system import Servers, System
from tests.webhooks import Partner
from vpr_events.contracts.values import Role
from vpr_service.rates import source_of
from vpr_service.tries import Tries

REPORTS, OPEN311 = "/v1/reports", "/open311/v2/requests"
FORM = {"service_code": "theft", "description": "gone", "lat": "49.9", "long": "-97.1"}
PROXY, OTHER_PROXY, RESIDENT = "192.0.2.7", "192.0.2.200", "203.0.113.5"


@pytest.fixture
async def strict(servers: Servers) -> AsyncIterator[System]:
    """Intake that lets a key ask five times an hour, and a source six times."""
    async with System.started(servers, ["intake"], rate_per_key="5/hour", rate_per_source="6/hour") as running:
        yield running


async def test_a_key_that_asks_too_often_is_told_when_to_come_again(strict: System) -> None:
    partner, other = await Partner.admitted(strict), await Partner.admitted(strict)
    statuses = [(await partner.ask("GET", REPORTS)).status_code for _ in range(5)]
    assert statuses == [200] * 5
    refused = await partner.ask("POST", REPORTS, new_report())
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert refused.json()["type"] == "urn:vpr:problem:too_many_requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 3600
    assert (await other.ask("GET", REPORTS)).status_code == 200


async def test_open311_says_it_in_its_own_form(strict: System) -> None:
    partner = await Partner.admitted(strict)
    for _ in range(5):
        await partner.ask("GET", REPORTS)
    for form in ("json", "xml"):
        sent = await strict["intake"].post(f"{OPEN311}.{form}", data={"api_key": partner.key, **FORM})
        assert sent.status_code == 429
        assert 1 <= int(sent.headers["retry-after"]) <= 3600
        said = "<errors><error><code>429</code>" if form == "xml" else '[{"code":429,"description":"api_key: more'
        assert said in sent.text


async def test_a_source_without_credentials_is_limited_and_staff_and_keys_are_not(strict: System) -> None:
    partner = await Partner.admitted(strict)
    public = [(await strict["intake"].get("/v1/categories")).status_code for _ in range(8)]
    assert public == [200] * 6 + [429] * 2
    services = await strict["intake"].get("/open311/v2/services.xml")
    assert services.status_code == 429
    assert "<errors><error><code>429</code>" in services.text
    assert 1 <= int(services.headers["retry-after"]) <= 3600
    assert (await partner.ask("GET", REPORTS)).status_code == 200
    for _ in range(20):
        assert (await strict["intake"].get(REPORTS, headers=strict.as_(Role.OFFICER))).status_code == 200
    assert (await strict["intake"].get("/healthz")).status_code == 200


@pytest.mark.parametrize("headers", [{"X-API-Key": f"vpr_{uuid4().hex}_guess"}, {"Authorization": "Bearer guess"}])
async def test_wrong_credentials_count_for_their_source(strict: System, headers: dict[str, str]) -> None:
    guessed = [(await strict["intake"].get(REPORTS, headers=headers)).status_code for _ in range(8)]
    assert guessed == [401] * 6 + [429] * 2
    public = await strict["intake"].get("/v1/categories", headers=headers)
    assert public.status_code == 429, "a key that is no good is no way round the limit"


@pytest.mark.parametrize(
    "sent",
    [{"headers": {"X-API-Key": "x"}}, {"params": {"api_key": "x"}}, {"data": {"api_key": "x"}}],
    ids=["header", "query", "form"],
)
async def test_what_is_no_key_is_no_way_to_be_served_above_the_limit(strict: System, sent: dict[str, Any]) -> None:
    for _ in range(6):
        await strict["intake"].get("/v1/categories")
    assert (await strict["intake"].post("/report/emergency", **sent)).status_code == 429
    assert (await strict["intake"].post(REPORTS, **sent)).status_code == 429


def with_form(app: FastAPI) -> None:
    """A public form on this app, as a page would have one."""

    tries, budget = Tries(), parse("2/hour")

    @app.post("/form")
    async def form(request: Request) -> str:
        tries.spend(budget, "form", source_of(request.scope))
        return "thank you"


async def sent_from(app: FastAPI, peer: str, claimed: str | None = None) -> httpx.Response:
    """The form, sent from this address, which may say that it asks for another one."""
    headers = {"X-Forwarded-For": claimed} if claimed else {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(peer, 50_000)), base_url="http://x"
    ) as client:
        return await client.post("/form", headers=headers)


@pytest.mark.parametrize("trusted", ["192.0.2.0/24", ""])
async def test_a_form_may_be_sent_so_often_from_one_source_behind_trusted_proxies(
    servers: Servers, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", trusted)
    async with System.started(servers, ["intake"]) as system:
        app = system.apps["intake"]
        with_form(app)
        for _ in range(2):
            assert (await sent_from(app, PROXY, RESIDENT)).status_code == 200
        refused = await sent_from(app, PROXY, f"198.51.100.9, {RESIDENT}, {OTHER_PROXY}")
        assert refused.status_code == 429, "what the resident claims for itself does not count"
        assert 1 <= int(refused.headers["retry-after"]) <= 3600
        neighbour = await sent_from(app, PROXY, "203.0.113.6")
        assert neighbour.status_code == (200 if trusted else 429)
        assert (await sent_from(app, RESIDENT)).status_code == (429 if trusted else 200)
        assert (await sent_from(app, "198.51.100.1", "203.0.113.77")).status_code == 200


async def test_an_ipv6_network_is_one_source(servers: Servers) -> None:
    async with System.started(servers, ["intake"]) as system:
        app = system.apps["intake"]
        with_form(app)
        statuses = [(await sent_from(app, f"2001:db8::{one}")).status_code for one in (1, 2, 3)]
        assert statuses == [200, 200, 429]
        assert (await sent_from(app, "2001:db8:0:1::1")).status_code == 200
