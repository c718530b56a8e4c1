"""API keys over HTTP: scopes, rotation, revocation, what is counted."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Connection, event, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.examples import new_report
from tests.receivers import Receiver
from tests.system import Servers, System
from tests.waiting import until
from tests.webhooks import Partner
from vpr.services import assembly
from vpr_events.contracts.values import Role
from vpr_intake.tables import client_keys
from vpr_service.key_use import KeyUse
from vpr_service.known_keys import KnownKeys
from vpr_service.migrating import config_for

REPORTS, OPEN311, UPDATES = "/v1/reports", "/open311/v2/requests.json", "/open311/v2/servicerequestupdates.json"


@pytest.fixture
async def partner(intake: System) -> Partner:
    return await Partner.admitted(intake)


async def admin(system: System, method: str, path: str, body: Any = None) -> Any:
    """What an administrator is answered."""
    answer = await system["intake"].request(method, path, json=body, headers=system.as_(Role.ADMIN))
    assert answer.is_success, answer.text
    return answer.json()


def request(key: str) -> dict[str, str]:
    """A request by Open311."""
    return {"api_key": key, "service_code": "theft", "description": "gone", "lat": "49.9", "long": "-97.1"}


@pytest.mark.parametrize(
    ("scope", "allowed"), [("reports:write", "file"), ("reports:read", "list"), ("webhooks", "hooks")]
)
async def test_a_key_is_good_for_its_scopes_alone(intake: System, scope: str, allowed: str) -> None:
    partner = await Partner.admitted(intake, scopes=[scope])
    answers = {
        "file": await partner.ask("POST", REPORTS, new_report()),
        "list": await partner.ask("GET", REPORTS),
        "hooks": await partner.ask("GET", "/v1/webhooks"),
    }
    for name, answer in answers.items():
        assert answer.status_code == (403 if name != allowed else 201 if name == "file" else 200), (name, answer.text)
    amended = await partner.ask("PATCH", f"{REPORTS}/{uuid4()}", {"description": "more"}, **{"If-Match": '"1"'})
    assert amended.status_code == (404 if allowed == "file" else 403)


@pytest.mark.parametrize("scope", ["reports:write", "reports:read", "webhooks"])
@pytest.mark.parametrize("path", [OPEN311, UPDATES])
async def test_open311_asks_for_the_scope_as_well(intake: System, scope: str, path: str) -> None:
    partner = await Partner.admitted(intake, scopes=[scope])
    sent = await intake["intake"].post(path, data=request(partner.key))
    asked = await intake["intake"].get(path, params={"api_key": partner.key})
    assert (sent.status_code != 403, asked.status_code != 403) == (scope == "reports:write", scope == "reports:read")
    refused = sent if sent.status_code == 403 else asked
    assert refused.json()[0]["description"].startswith("api_key: this API key lacks the scope reports:")


async def test_two_keys_are_good_during_a_rotation_and_never_three(intake: System, partner: Partner) -> None:
    keys = [partner.key]
    for _ in range(2):
        made = await admin(intake, "POST", f"/v1/clients/{partner.id}/keys", {"overlap": "PT1H"})
        keys.append(made["api_key"])
    statuses = [(await intake["intake"].get(REPORTS, headers={"X-API-Key": key})).status_code for key in keys]
    assert statuses == [401, 200, 200]
    assert (await admin(intake, "GET", f"/v1/clients/{partner.id}"))["valid_keys"] == 2


async def test_a_key_that_was_good_a_moment_ago_asks_no_database(intake: System, partner: Partner) -> None:
    known = intake.runtime("intake").worker(KnownKeys)
    asked: list[str] = []
    engine = intake.runtime("intake").engine.sync_engine

    async def remembered() -> bool:
        asked.clear()
        return await known.client_of(partner.key) is not None and not any("client_keys" in one for one in asked)

    event.listen(engine, "before_cursor_execute", listener := lambda _, __, statement, *___: asked.append(statement))
    await until(remembered)
    event.remove(engine, "before_cursor_execute", listener)
    assert await known.client_of(f"{partner.key}x") is None


async def test_every_process_hears_that_a_key_was_revoked(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpr_service.known_keys.LIFETIME", 3600.0)
    await servers.fresh_log(["intake"])
    async with servers.database("intake") as url:
        one, other = System(servers), System(servers)
        async with one.service("intake", url), other.service("intake", url):
            partner = await Partner.admitted(one)
            for _ in range(3):
                assert (await other["intake"].get(REPORTS, headers={"X-API-Key": partner.key})).status_code == 200
            await admin(one, "POST", f"/v1/clients/{partner.id}/revocation")
            assert (await one["intake"].get(REPORTS, headers={"X-API-Key": partner.key})).status_code == 401

            async def out() -> bool:
                answer = await other["intake"].get(REPORTS, headers={"X-API-Key": partner.key})
                return answer.status_code == 401

            await until(out)


async def test_a_revoked_client_gets_no_webhook_and_none_is_switched_on_again(intake: System, partner: Partner) -> None:
    async with Receiver.listening() as receiver:
        hook = await partner.webhook(receiver.url)
    await admin(intake, "POST", f"/v1/clients/{partner.id}/revocation")
    headers = intake.as_(Role.ADMIN)
    again = await intake["intake"].patch(f"/v1/webhooks/{hook['id']}", json={"enabled": True}, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "urn:vpr:problem:client_revoked")
    new = {"url": receiver.url, "event_types": ["report.received"], "client_id": partner.id}
    made = await intake["intake"].post("/v1/webhooks", json=new, headers=headers)
    assert (made.status_code, made.json()["errors"][0]["field"]) == (422, "client_id")


async def test_the_former_key_ends_when_its_time_is_over(intake: System, partner: Partner) -> None:
    made = await admin(intake, "POST", f"/v1/clients/{partner.id}/keys", {"overlap": "PT0S"})
    assert (await partner.ask("GET", REPORTS)).status_code == 401
    partner.key = made["api_key"]
    assert (await partner.ask("GET", REPORTS)).status_code == 200


async def test_a_revoked_client_is_out_at_once_and_is_told_nothing_more(intake: System, partner: Partner) -> None:
    async with Receiver.listening() as receiver:
        hook = await partner.webhook(receiver.url)
    await admin(intake, "POST", f"/v1/clients/{partner.id}/revocation")
    again = await admin(intake, "POST", f"/v1/clients/{partner.id}/revocation")
    assert (again["valid_keys"], again["revoked_at"] is not None) == (0, True)
    assert (await partner.ask("GET", REPORTS)).status_code == 401
    shown = await admin(intake, "GET", f"/v1/webhooks/{hook['id']}")
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "revoked")
    rotated = await intake["intake"].post(f"/v1/clients/{partner.id}/keys", headers=intake.as_(Role.ADMIN))
    assert (rotated.status_code, rotated.json()["type"]) == (409, "urn:vpr:problem:client_revoked")


async def test_uses_are_counted_for_administrators(intake: System, partner: Partner) -> None:
    for _ in range(3):
        await partner.ask("GET", REPORTS)
    use = intake.runtime("intake").worker(KeyUse)

    async def three() -> bool:
        await use.write()
        shown = await admin(intake, "GET", f"/v1/clients/{partner.id}")
        return bool(shown["uses"] == 3 and shown["last_used_at"])

    await until(three)


async def test_only_digests_are_stored_and_nothing_shows_them(intake: System, partner: Partner) -> None:
    async with intake.runtime("intake").reading() as connection:
        [stored] = (await connection.execute(select(client_keys.c.digest))).scalars()
    shown = await admin(intake, "GET", "/v1/clients")
    assert partner.key.rsplit("_", 1)[1] not in stored
    assert stored not in str(shown)


async def test_clients_come_in_pages(intake: System) -> None:
    made = [(await Partner.admitted(intake)).id for _ in range(3)]
    first = await intake["intake"].get("/v1/clients?limit=2", headers=intake.as_(Role.ADMIN))
    second = await intake["intake"].get(first.links["next"]["url"], headers=intake.as_(Role.ADMIN))
    assert [one["id"] for one in (*first.json(), *second.json())] == made[::-1]


def _to(connection: Connection, revision: str) -> None:
    """Migrate up or down."""
    config = config_for(assembly("intake").MIGRATIONS)
    config.attributes["connection"] = connection
    (command.upgrade if revision == "head" else command.downgrade)(config, revision)


async def test_a_key_from_before_rotation_is_good_after_the_migration_and_again_before_it(servers: Servers) -> None:
    await servers.fresh_log(["intake"])
    async with servers.database("intake") as url:
        engine, before = create_async_engine(url), System(servers)
        async with before.service("intake", url):
            key = (await Partner.admitted(before)).key
        async with engine.begin() as connection:
            await connection.run_sync(_to, "0008")
        async with engine.begin() as connection:
            [digest] = (await connection.execute(text("select key_digest from clients"))).scalars()
            assert digest == hashlib.sha256(key.split("_", 2)[2].encode()).hexdigest()
            await connection.run_sync(_to, "head")
        await engine.dispose()
        system = System(servers)
        async with system.service("intake", url):
            assert (await system["intake"].get(REPORTS, headers={"X-API-Key": key})).status_code == 200
