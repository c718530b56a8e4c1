"""Webhooks from the event to the receiver: signed, thin, again until taken, and never under two ids."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, text
from standardwebhooks import WebhookVerificationError

from tests.examples import NARRATIVE, NOON, PERSON, minutes, recorded
from tests.receivers import Came, Receiver, Reply
from tests.system import Servers, System
from tests.waiting import lock_waits, until
from tests.webhooks import ALL, Partner, verified
from vpr_events.contracts.case import CaseClaimed, CaseClosed, CloseReason
from vpr_events.contracts.dispatch import DispatchUnitAssigned
from vpr_events.event import Event
from vpr_events.tables import effects
from vpr_intake.pausing import pause
from vpr_intake.tables import deliveries, webhook_secrets, webhooks

FAST = (0.05, 0.05)


@pytest.fixture
async def system(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"], webhook_delays=FAST) as running:
        yield running


@pytest.fixture
async def partner(system: System) -> Partner:
    return await Partner.admitted(system)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.listening() as one:
        yield one


async def came(receiver: Receiver, count: int) -> list[Came]:
    """What the receiver got, once it is so much."""

    async def enough() -> bool:
        return len(receiver.came) >= count

    await until(enough)
    return receiver.came


async def counted(system: System, table: Any) -> int:
    async with system.runtime("intake").reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


def of_case(event: Event, report: str, minute: int) -> Any:
    """An event of another service about this report."""
    return recorded(event, entity=uuid4(), report=UUID(report), at=NOON + minutes(minute))


def claimed(report: str) -> Any:
    return of_case(CaseClaimed(officer_id=uuid4(), lease_until=NOON + minutes(60)), report, 1)


def assigned(report: str) -> Any:
    return of_case(DispatchUnitAssigned(unit_id=uuid4()), report, 2)


def closed(report: str) -> Any:
    return of_case(CaseClosed(reason=CloseReason.RESOLVED), report, 3)


async def test_a_filed_report_is_told_signed_and_without_personal_data(partner: Partner, receiver: Receiver) -> None:
    hook = await partner.webhook(f"{receiver.url}/hook")
    report = await partner.files()
    [one] = await came(receiver, 1)
    message = verified(one, hook["secret"])
    assert message["type"] == "report.received"
    assert message["data"] == {"report_id": report, "status": "received"}
    assert datetime.fromisoformat(message["timestamp"]) <= datetime.now(UTC)
    assert one.path == "/hook"
    assert NARRATIVE.encode() not in one.body
    assert not any(value.encode() in one.body for value in PERSON.values())
    [delivery] = await partner.deliveries(hook["id"], over=1)
    assert (delivery["state"], delivery["id"]) == ("delivered", one.headers["webhook-id"])
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [204]


async def test_another_secret_verifies_nothing(partner: Partner, receiver: Receiver) -> None:
    await partner.webhook(receiver.url)
    other = await partner.webhook("http://127.0.0.1:9/", ["report.closed"])
    await partner.files()
    [one] = await came(receiver, 1)
    with pytest.raises(WebhookVerificationError):
        verified(one, other["secret"])


async def test_only_the_owners_webhooks_of_that_type_are_told(system: System, receiver: Receiver) -> None:
    partner, other = await Partner.admitted(system), await Partner.admitted(system)
    mine = await partner.webhook(f"{receiver.url}/mine", ["report.received"])
    await partner.webhook(f"{receiver.url}/other-type", ["report.withdrawn"])
    await other.webhook(f"{receiver.url}/stranger")
    off = await partner.webhook(f"{receiver.url}/off")
    await partner.told("PATCH", f"/v1/webhooks/{off['id']}", {"enabled": False})
    await partner.files()
    await partner.deliveries(mine["id"], over=1)
    assert [one.path for one in receiver.came] == ["/mine"]
    assert await counted(system, deliveries) == 1


async def test_progress_of_other_services_is_told_once_and_only_forward(
    system: System, partner: Partner, receiver: Receiver
) -> None:
    hook = await partner.webhook(receiver.url)
    report = await partner.files()
    late = claimed(report)
    await system.servers.publish(assigned(report), late, claimed(report), closed(report))
    log = await partner.deliveries(hook["id"], over=4)
    await system.servers.publish(late)
    await system.quiet()
    told = sorted((one["type"], one["status"]) for one in log)
    assert told == [
        ("report.closed", "closed"),
        ("report.received", "received"),
        ("report.status_changed", "closed"),
        ("report.status_changed", "dispatched"),
    ]
    assert await counted(system, deliveries) == 4


async def test_a_withdrawal_is_told_and_nothing_after_it(system: System, partner: Partner, receiver: Receiver) -> None:
    hook = await partner.webhook(receiver.url, ["report.withdrawn", "report.status_changed"])
    report = await partner.files()
    for _ in range(2):
        await partner.told("POST", f"/v1/reports/{report}/withdrawal", {"reason": "resolved"})
    await system.servers.publish(claimed(report))
    await system.quiet()
    log = await partner.deliveries(hook["id"], over=2)
    assert sorted((one["type"], one["status"]) for one in log) == [
        ("report.status_changed", "withdrawn"),
        ("report.withdrawn", "withdrawn"),
    ]


async def test_a_receiver_that_fails_is_asked_again_under_the_same_id(partner: Partner, receiver: Receiver) -> None:
    receiver.answering = lambda one: Reply(500 if one.nth == 1 else 302 if one.nth == 2 else 200)
    hook = await partner.webhook(receiver.url)
    await partner.files()
    [delivery] = await partner.deliveries(hook["id"], over=1)
    assert delivery["state"] == "delivered"
    assert [(one["status_code"], one["error"]) for one in delivery["attempts"]] == [
        (500, "http_500"),
        (302, "http_302"),
        (200, None),
    ]
    assert {one.headers["webhook-id"] for one in receiver.came} == {delivery["id"]}
    assert len({one.body for one in receiver.came}) == 1
    assert [verified(one, hook["secret"])["type"] for one in receiver.came] == ["report.received"] * 3


async def test_after_its_last_try_a_delivery_has_failed_and_the_webhook_is_switched_off(
    system: System, partner: Partner, receiver: Receiver
) -> None:
    receiver.answering = lambda _: Reply(503)
    hook = await partner.webhook(receiver.url)
    await partner.files()
    [delivery] = await partner.deliveries(hook["id"], over=1)
    assert (delivery["state"], len(delivery["attempts"])) == ("failed", len(FAST) + 1)
    shown = await partner.told("GET", f"/v1/webhooks/{hook['id']}")
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "failing")
    assert await counted(system, effects) == 0, "a dead receiver is no dead letter of ours"
    await partner.files()
    assert await counted(system, deliveries) == 1, "nothing is written for a webhook that is off"


async def test_a_failed_delivery_leaves_a_webhook_on_that_took_others_meanwhile(
    partner: Partner, receiver: Receiver
) -> None:
    hook = await partner.webhook(receiver.url)
    bad = await partner.files()
    await partner.deliveries(hook["id"], over=1)
    receiver.answering = lambda one: Reply(500 if bad.encode() in one.body else 204)
    [first] = await partner.deliveries(hook["id"], over=1)
    good_between: list[str] = []

    def answering(one: Came) -> Reply:
        if bad.encode() not in one.body:
            good_between.append(one.headers["webhook-id"])
            return Reply(204)
        return Reply(500)

    receiver.answering = answering
    await partner.told("POST", f"/v1/webhooks/{hook['id']}/deliveries/{first['id']}/replay")
    await came(receiver, 2)
    await partner.files()
    await partner.deliveries(hook["id"], over=2)
    assert good_between
    assert (await partner.told("GET", f"/v1/webhooks/{hook['id']}"))["enabled"] is True


async def test_gone_switches_the_webhook_off_at_once(partner: Partner, receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(410)
    hook = await partner.webhook(receiver.url)
    await partner.files()
    [delivery] = await partner.deliveries(hook["id"], over=1)
    assert (delivery["state"], len(delivery["attempts"])) == ("failed", 1)
    shown = await partner.told("GET", f"/v1/webhooks/{hook['id']}")
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "gone")
    again = await partner.told("PATCH", f"/v1/webhooks/{hook['id']}", {"enabled": True})
    assert (again["enabled"], again["disabled_reason"]) == (True, None)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_honoured(partner: Partner, receiver: Receiver, form: str) -> None:
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.answering = lambda _: Reply(429, {"Retry-After": "3600" if form == "seconds" else in_an_hour})
    hook = await partner.webhook(receiver.url)
    await partner.files()

    async def tried() -> list[dict[str, Any]]:
        [delivery] = await partner.told("GET", f"/v1/webhooks/{hook['id']}/deliveries")
        attempts: list[dict[str, Any]] = delivery["attempts"]
        return attempts

    [attempt] = await until(tried)
    wait = datetime.fromisoformat(attempt["next_at"]) - datetime.fromisoformat(attempt["at"])
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)


async def test_a_delivery_is_replayed_under_its_id_but_not_while_it_is_pending(
    partner: Partner, receiver: Receiver
) -> None:
    hook = await partner.webhook(receiver.url)
    await partner.files()
    [delivery] = await partner.deliveries(hook["id"], over=1)
    path = f"/v1/webhooks/{hook['id']}/deliveries/{delivery['id']}"
    receiver.answering = lambda _: Reply(503, {"Retry-After": "3600"})
    assert (await partner.ask("POST", f"{path}/replay")).status_code == 202
    await came(receiver, 2)
    assert len({one.headers["webhook-id"] for one in receiver.came}) == 1

    async def noted() -> bool:
        return len((await partner.told("GET", path))["attempts"]) == 2

    await until(noted)
    again = await partner.ask("POST", f"{path}/replay")
    assert (again.status_code, again.json()["type"]) == (409, "urn:vpr:problem:delivery_pending")


async def test_a_ping_is_sent_once_also_to_a_webhook_that_is_off(partner: Partner, receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(500)
    hook = await partner.webhook(receiver.url, ["report.closed"])
    await partner.told("PATCH", f"/v1/webhooks/{hook['id']}", {"enabled": False})
    begun = await partner.told("POST", f"/v1/webhooks/{hook['id']}/ping")
    [delivery] = await partner.deliveries(hook["id"], over=1)
    assert (delivery["id"], delivery["state"], len(delivery["attempts"])) == (begun["id"], "failed", 1)
    [one] = receiver.came
    message = verified(one, hook["secret"])
    assert (message["type"], message["data"]) == ("webhook.ping", {"webhook_id": hook["id"]})


async def test_two_secrets_sign_during_a_rotation_and_a_third_ends_the_first(
    system: System, partner: Partner, receiver: Receiver
) -> None:
    hook = await partner.webhook(receiver.url)
    second = (await partner.told("POST", f"/v1/webhooks/{hook['id']}/secret"))["secret"]
    await partner.told("POST", f"/v1/webhooks/{hook['id']}/ping")
    [one] = await came(receiver, 1)
    for secret in (hook["secret"], second):
        assert verified(one, secret)["type"] == "webhook.ping"
    third = (await partner.told("POST", f"/v1/webhooks/{hook['id']}/secret"))["secret"]
    await partner.told("POST", f"/v1/webhooks/{hook['id']}/ping")
    two = (await came(receiver, 2))[1]
    for secret in (second, third):
        verified(two, secret)
    with pytest.raises(WebhookVerificationError):
        verified(two, hook["secret"])
    assert await counted(system, webhook_secrets) == 2


async def test_secrets_are_not_stored_readable(system: System, partner: Partner, receiver: Receiver) -> None:
    hook = await partner.webhook(receiver.url)
    async with system.runtime("intake").reading() as connection:
        [stored] = (await connection.execute(select(webhook_secrets.c.encrypted))).scalars()
    assert hook["secret"].removeprefix("whsec_").encode() not in stored
    assert "secret" not in await partner.told("GET", f"/v1/webhooks/{hook['id']}")


async def test_a_restarted_service_delivers_what_waited(servers: Servers) -> None:
    await servers.fresh_log(["intake"])
    async with servers.database("intake") as url, Receiver.listening() as receiver:
        receiver.answering = lambda _: Reply(503)
        system = System(servers)
        async with system.service("intake", url, webhook_delays=(0.05,) * 1000):
            partner = await Partner.admitted(system)
            hook = await partner.webhook(receiver.url)
            reports = [await partner.files() for _ in range(5)]
            await came(receiver, 5)
        receiver.answering = lambda _: Reply(204)
        receiver.came.clear()
        async with system.service("intake", url, webhook_delays=(0.05,) * 1000):
            partner.intake = system["intake"]
            log = await partner.deliveries(hook["id"], over=5)
    assert {one["report_id"] for one in log} == set(reports)
    assert sorted(one.headers["webhook-id"] for one in receiver.came) == sorted(one["id"] for one in log)


async def copied(system: System, webhook: str, urls: Sequence[str]) -> None:
    """So many more webhooks like this one, beyond what a client may have."""
    async with system.runtime("intake").engine.begin() as connection:
        like = dict((await connection.execute(select(webhooks).where(webhooks.c.id == webhook))).mappings().one())
        secret = select(webhook_secrets.c.encrypted).where(webhook_secrets.c.webhook_id == webhook)
        encrypted = (await connection.execute(secret)).scalar_one()
        made = [like | {"id": uuid4(), "url": url} for url in urls]
        await connection.execute(insert(webhooks), made)
        secrets = [{"id": uuid4(), "webhook_id": one["id"], "encrypted": encrypted} for one in made]
        await connection.execute(insert(webhook_secrets), secrets)


async def test_five_hundred_receivers_that_hang_delay_neither_filing_nor_another_receiver(
    system: System, partner: Partner, receiver: Receiver
) -> None:
    async with Receiver.listening(lambda _: Reply(None)) as hanging:
        good = await partner.webhook(receiver.url)
        await copied(system, good["id"], [f"{hanging.url}/{number}" for number in range(500)])
        for _ in range(3):
            await partner.files()
        log = await partner.deliveries(good["id"], over=3)
        assert {one["state"] for one in log} == {"delivered"}

        async def all_hang() -> bool:
            return len({one.path for one in hanging.came}) == 500

        await until(all_hang)
        last = await partner.files()
        newest = await partner.deliveries(good["id"], over=4)
        assert newest[0]["report_id"] == last
        assert hanging.silent == len(hanging.came), "none of them was ever answered"


async def test_while_a_receiver_fails_what_waits_for_it_is_not_tried_and_comes_when_it_is_back(
    servers: Servers, receiver: Receiver
) -> None:
    receiver.answering = lambda _: Reply(503)
    async with System.started(servers, ["intake"], webhook_delays=(3600, 3600), effects_per_lane=2) as system:
        partner = await Partner.admitted(system)
        hook = await partner.webhook(receiver.url)
        await asyncio.gather(*[partner.files() for _ in range(30)])

        async def all_wait() -> bool:
            waiting = select(func.count()).where(effects.c.due_at > func.clock_timestamp() + timedelta(minutes=50))
            async with system.runtime("intake").reading() as connection:
                return (await connection.execute(waiting)).scalar_one() == 30

        await until(all_wait)
        tried = len(receiver.came)
        assert tried <= 2 * 2, "those that were on their way when the first failed, and those taken up meanwhile"
        shown = await partner.told("GET", f"/v1/webhooks/{hook['id']}")
        assert shown["failing_since"]
        assert shown["paused_until"] > shown["failing_since"]
        async with system.runtime("intake").reading() as connection:
            latest = (await connection.execute(select(func.max(effects.c.due_at)))).scalar_one()
        assert latest <= datetime.fromisoformat(shown["paused_until"]) + timedelta(minutes=6), "however many wait"
        late = await partner.files()
        receiver.answering = lambda _: Reply(204)
        await partner.told("POST", f"/v1/webhooks/{hook['id']}/ping")
        log = await partner.deliveries(hook["id"], over=1 + 30 + 1 - tried)
        over = [one for one in log if one["state"] == "delivered"]
        assert late in {one["report_id"] for one in over}
        assert all(len(one["attempts"]) == 1 for one in over), "none of them was tried while the receiver failed"
        shown = await partner.told("GET", f"/v1/webhooks/{hook['id']}")
        assert (shown["failing_since"], shown["paused_until"]) == (None, None)


async def test_what_waits_comes_too_when_the_first_that_is_taken_left_before_the_failure(
    servers: Servers, receiver: Receiver
) -> None:
    back = asyncio.Event()
    receiver.answering = lambda one: Reply(204, after=back) if one.nth == 1 else Reply(503)
    async with System.started(servers, ["intake"], webhook_delays=(3600, 3600), effects_per_lane=2) as system:
        partner = await Partner.admitted(system)
        hook = await partner.webhook(receiver.url)
        await partner.files()
        await came(receiver, 1)
        await partner.files()

        async def fails() -> bool:
            return bool((await partner.told("GET", f"/v1/webhooks/{hook['id']}"))["failing_since"])

        await until(fails)
        waiting = {await partner.files() for _ in range(3)}
        receiver.answering = lambda _: Reply(204)
        back.set()
        log = await partner.deliveries(hook["id"], over=1 + 3)
    assert waiting < {one["report_id"] for one in log if one["state"] == "delivered"}


@given(failing=st.integers(0, 10**7) | st.none())
def test_a_pause_grows_with_the_failing_within_the_first_two_delays(failing: int | None) -> None:
    since = None if failing is None else NOON - timedelta(seconds=failing)
    found = pause(since, NOON, (5, 300, 1800))
    assert found == timedelta(seconds=sorted((5, failing or 0, 300))[1])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://10.0.0.1/", "event_types": ALL}, "url"),
        ({"url": "http://hooks.example/", "event_types": ALL}, "url"),
        ({"url": "https://user:word@hooks.example/", "event_types": ALL}, "url"),
        ({"url": "https://hooks.example/", "event_types": []}, "event_types"),
        ({"url": "https://hooks.example/", "event_types": ["report.amended"]}, "event_types.0"),
        ({"url": "https://hooks.example/", "event_types": ALL, "client_id": str(uuid4())}, "client_id"),
        ({"url": "https://hooks.example/", "event_types": ALL, "colour": "red"}, "colour"),
    ],
)
async def test_a_bad_webhook_is_refused_by_field(partner: Partner, body: dict[str, Any], field: str) -> None:
    answer = await partner.ask("POST", "/v1/webhooks", body)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert await partner.told("GET", "/v1/webhooks") == []


async def test_a_change_that_missed_another_is_refused(partner: Partner, receiver: Receiver) -> None:
    hook = await partner.webhook(receiver.url)
    path, types = f"/v1/webhooks/{hook['id']}", {"event_types": ["report.closed"]}
    first = await partner.ask("PATCH", path, types, **{"If-Match": '"1"'})
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    second = await partner.ask("PATCH", path, {"url": f"{receiver.url}/b"}, **{"If-Match": '"1"'})
    assert (second.status_code, second.json()["type"]) == (412, "urn:vpr:problem:version_changed")
    assert (await partner.told("GET", path))["event_types"] == ["report.closed"]


async def test_deleting_a_webhook_ends_what_waited_for_it(system: System, partner: Partner, receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(503)
    hook = await partner.webhook(receiver.url)
    await partner.files()
    await came(receiver, 1)
    await partner.told("DELETE", f"/v1/webhooks/{hook['id']}")

    async def nothing_waits() -> bool:
        return await counted(system, effects) == 0

    await until(nothing_waits)
    assert (await partner.ask("GET", f"/v1/webhooks/{hook['id']}")).status_code == 404


@asynccontextmanager
async def deleting(system: System, webhook: str) -> AsyncIterator[None]:
    """The webhook is deleted, which is committed once somebody waits for that who came in here."""
    engine = system.runtime("intake").engine
    async with engine.begin() as connection:
        await connection.execute(select(webhooks.c.id).where(webhooks.c.id == webhook).with_for_update())
        yield
        await until(lambda: lock_waits(engine))
        await connection.execute(text("set local lock_timeout = '10 ms'"))  # who waits for us holds nothing we want
        await connection.execute(delete(webhooks).where(webhooks.c.id == webhook))


async def test_a_webhook_is_deleted_while_a_try_is_noted(system: System, partner: Partner, receiver: Receiver) -> None:
    back = asyncio.Event()
    receiver.answering = lambda _: Reply(503, after=back)
    hook = await partner.webhook(receiver.url)
    await partner.files()
    await came(receiver, 1)
    async with deleting(system, hook["id"]):
        back.set()
    assert await counted(system, deliveries) == 0

    async def nothing_waits() -> bool:
        return await counted(system, effects) == 0

    await until(nothing_waits)
    assert len(receiver.came) == 1


@pytest.mark.parametrize("path", ["ping", "secret"])
async def test_what_is_asked_of_a_webhook_while_it_is_deleted_is_404(
    system: System, partner: Partner, receiver: Receiver, path: str
) -> None:
    hook = await partner.webhook(receiver.url)
    async with deleting(system, hook["id"]):
        asked = asyncio.create_task(partner.ask("POST", f"/v1/webhooks/{hook['id']}/{path}"))
    assert (await asked).status_code == 404


async def test_a_report_is_filed_while_its_webhook_is_deleted(
    system: System, partner: Partner, receiver: Receiver
) -> None:
    hook = await partner.webhook(receiver.url)
    async with deleting(system, hook["id"]):
        filed = asyncio.create_task(partner.files())
    assert await filed
    assert await counted(system, deliveries) == 0


async def test_the_log_comes_in_pages(partner: Partner, receiver: Receiver) -> None:
    hook = await partner.webhook(receiver.url)
    for _ in range(5):
        await partner.files()
    whole = await partner.deliveries(hook["id"], over=5)
    first = await partner.ask("GET", f"/v1/webhooks/{hook['id']}/deliveries?limit=3&state=delivered")
    second = await partner.ask("GET", first.links["next"]["url"])
    assert [one["id"] for one in (*first.json(), *second.json())] == [one["id"] for one in whole]
    assert "next" not in second.links
