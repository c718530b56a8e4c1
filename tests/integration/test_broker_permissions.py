"""Which part of the log each service can read and write, tried from its own connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamConfig

from tests.waiting import DEADLINE
from vpr.embedded import Embedded, Endpoints
from vpr_events.contracts import OWNERS, SERVICES

FAMILIES = {
    "intake": ("report", "access", "history"),
    "triage": ("case", "officer"),
    "video": ("session",),
    "dispatch": ("dispatch", "unit"),
    "metrics": ("figure",),
}
EVERY = [family for families in FAMILIES.values() for family in families]
OWN = [(service, family) for service, families in FAMILIES.items() for family in families]
FOREIGN = [(service, family) for service in SERVICES for family in EVERY if family not in FAMILIES[service]]
OTHERS = [(service, other) for service in SERVICES for other in SERVICES if other != service]
REFUSED = (nats.errors.NoRespondersError, TimeoutError)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    embedded = Embedded(tmp_path_factory.mktemp("permissions") / "vpr", fsync=False)
    try:
        endpoints = embedded.start()
        asyncio.run(make_stream(endpoints))
        yield endpoints
    finally:
        embedded.discard()


async def make_stream(endpoints: Endpoints) -> None:
    async with client(endpoints, "admin") as admin:
        manager = log_of(admin)
        config = StreamConfig(name="VPR", subjects=["vpr.>"], deny_delete=True, deny_purge=True)
        await manager.add_stream(config, allow_atomic=True)
        for service in SERVICES:
            await manager.add_consumer("VPR", ConsumerConfig(durable_name=service, ack_policy=AckPolicy.EXPLICIT))
        for family in EVERY:
            await manager.publish(f"vpr.{family}.happened", family.encode())


@asynccontextmanager
async def client(endpoints: Endpoints, name: str, violations: list[str] | None = None) -> AsyncIterator[Client]:
    async def note(error: Exception) -> None:
        if violations is not None:
            violations.append(str(error))

    user, password = endpoints.nats_users[name]
    connection = await nats.connect(
        endpoints.nats_url,
        user=user,
        password=password,
        inbox_prefix=f"_INBOX_{name}".encode(),
        allow_reconnect=False,
        connect_timeout=DEADLINE,
        error_cb=note,
    )
    try:
        yield connection
    finally:
        await connection.close()


def log_of(connection: Client) -> JetStreamContext:
    return connection.jetstream(timeout=DEADLINE)


async def stored(endpoints: Endpoints) -> dict[str, int]:
    """Subject -> number of messages."""
    async with client(endpoints, "admin") as admin:
        return (await log_of(admin).stream_info("VPR", subjects_filter=">")).state.subjects or {}


async def consumers(endpoints: Endpoints) -> set[str]:
    async with client(endpoints, "admin") as admin:
        return {info.name for info in await log_of(admin).consumers_info("VPR")}


def configuration(name: str, filter_subject: str, **more: object) -> bytes:
    config = {"name": name, "filter_subject": filter_subject, "ack_policy": "none", "mem_storage": True, **more}
    return json.dumps({"stream_name": "VPR", "config": config}).encode()


async def refused(connection: Client, subject: str, body: bytes = b"") -> bool:
    """Whether the request is answered by nobody, or by an error of the log."""
    try:
        reply = await connection.request(subject, body, timeout=0.2)
    except REFUSED:
        return True
    status = (reply.headers or {}).get("Status")
    return status is not None or (reply.data.startswith(b"{") and "error" in json.loads(reply.data))


def test_every_family_of_the_contracts_is_tried() -> None:
    assert {family: service for service, family in OWN} == OWNERS


@pytest.mark.parametrize(("service", "family"), OWN)
async def test_a_service_publishes_its_own_family(endpoints: Endpoints, service: str, family: str) -> None:
    async with client(endpoints, service) as connection:
        answer = await log_of(connection).publish(f"vpr.{family}.tried", b"{}")
    assert answer.stream == "VPR"


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_publishes_an_atomic_batch(endpoints: Endpoints, service: str) -> None:
    subject = f"vpr.{FAMILIES[service][0]}.batched"
    headers = [{"Nats-Batch-Id": service, "Nats-Batch-Sequence": str(number)} for number in (1, 2, 3)]
    async with client(endpoints, service) as connection:
        last = headers[2] | {"Nats-Batch-Commit": "1"}
        for header in headers[:2]:
            await connection.publish(subject, b"{}", headers=header)
        reply = await connection.request(subject, b"{}", headers=last, timeout=DEADLINE)
    assert json.loads(reply.data)["count"] == 3


@pytest.mark.parametrize(("service", "family"), FOREIGN)
async def test_a_service_cannot_publish_a_foreign_family(endpoints: Endpoints, service: str, family: str) -> None:
    violations: list[str] = []
    subject = f"vpr.{family}.forged_by_{service}"
    async with client(endpoints, service, violations) as connection:
        assert await refused(connection, subject, b"{}")
        async with asyncio.timeout(DEADLINE):
            while not violations:
                await connection.flush(int(DEADLINE))
    assert violations == [f'nats: permissions violation for publish to "{subject}"']
    assert subject not in await stored(endpoints)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_and_acknowledges_its_durable(endpoints: Endpoints, service: str) -> None:
    async with client(endpoints, service) as connection:
        stream = log_of(connection)
        subscription = await stream.pull_subscribe_bind(service, stream="VPR")
        [message] = await subscription.fetch(1, DEADLINE)
        await message.ack_sync(DEADLINE)
        info = await stream.consumer_info("VPR", service)
        assert (info.num_ack_pending, info.ack_floor and info.ack_floor.consumer_seq) == (0, 1)
        assert (await stream.stream_info("VPR")).config.name == "VPR"
        assert (await stream.account_info()).streams == 1


@pytest.mark.parametrize("reader", ["own", "replay"])
@pytest.mark.parametrize(("service", "family"), OWN)
async def test_a_service_reads_back_its_own_family(
    endpoints: Endpoints, service: str, family: str, reader: str
) -> None:
    name = f"{service}_{reader}"
    config = ConsumerConfig(
        name=name,
        filter_subject=f"vpr.{family}.>",
        deliver_policy=DeliverPolicy.LAST,
        ack_policy=AckPolicy.EXPLICIT,
        inactive_threshold=60,
    )
    async with client(endpoints, service) as connection:
        stream = log_of(connection)
        await stream.add_consumer("VPR", config)
        [message] = await (await stream.pull_subscribe_bind(name, stream="VPR")).fetch(1, DEADLINE)
        assert message.subject.startswith(f"vpr.{family}.")
        await message.ack_sync(DEADLINE)
        assert (await stream.consumer_info("VPR", name)).num_ack_pending == 0
        assert await stream.delete_consumer("VPR", name)


async def test_metrics_reads_the_whole_log(endpoints: Endpoints) -> None:
    config = ConsumerConfig(name="metrics_rebuild", filter_subject="vpr.>", ack_policy=AckPolicy.NONE)
    async with client(endpoints, "metrics") as connection:
        stream = log_of(connection)
        await stream.add_consumer("VPR", config)
        subscription = await stream.pull_subscribe_bind("metrics_rebuild", stream="VPR")
        read = await subscription.fetch(len(EVERY), DEADLINE)
        assert {message.data.decode() for message in read} == set(EVERY)
        assert await stream.delete_consumer("VPR", "metrics_rebuild")


@pytest.mark.parametrize(("service", "family"), FOREIGN)
async def test_a_service_cannot_read_a_foreign_family(endpoints: Endpoints, service: str, family: str) -> None:
    before = await consumers(endpoints)
    foreign, own = f"vpr.{family}.>", f"vpr.{FAMILIES[service][0]}.>"
    create = "$JS.API.CONSUMER.CREATE.VPR"
    async with client(endpoints, service) as connection:
        for name in (service, f"{service}_own", f"{service}_replay", "spy"):
            assert await refused(connection, f"{create}.{name}.{foreign}", configuration(name, foreign))
            assert await refused(connection, f"{create}.{name}", configuration(name, foreign))
            assert await refused(
                connection, f"$JS.API.CONSUMER.DURABLE.CREATE.VPR.{name}", configuration(name, foreign)
            )
        assert await refused(connection, create, configuration("", foreign))
        for name in (f"{service}_own", f"{service}_replay"):
            both = configuration(name, "", filter_subjects=[own, foreign])
            assert await refused(connection, f"{create}.{name}.{own}", configuration(name, foreign))
            assert await refused(connection, f"{create}.{name}.{own}", both)
    assert await consumers(endpoints) == before


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_get_single_messages_or_subscribe(endpoints: Endpoints, service: str) -> None:
    violations: list[str] = []
    async with client(endpoints, service, violations) as connection:
        for get in ("$JS.API.STREAM.MSG.GET.VPR", "$JS.API.DIRECT.GET.VPR", "$JS.API.DIRECT.GET.VPR.vpr.case.happened"):
            assert await refused(connection, get, b'{"seq": 1}')
        for subject in ("vpr.>", "_INBOX.>", "_INBOX_admin.>", ">"):
            await connection.subscribe(subject)
        async with asyncio.timeout(DEADLINE):
            while len([violation for violation in violations if "subscription" in violation]) < 4:
                await connection.flush(int(DEADLINE))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_change_the_log(endpoints: Endpoints, service: str) -> None:
    async with client(endpoints, service) as connection:
        for action in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
            assert await refused(connection, f"$JS.API.STREAM.{action}.VPR", b'{"name": "VPR", "subjects": ["x"]}')
        own = f"vpr.{FAMILIES[service][0]}.>"
        narrowed = configuration(service, own, durable_name=service, ack_policy="explicit")
        assert await refused(connection, f"$JS.API.CONSUMER.CREATE.VPR.{service}.{own}", narrowed)
        assert await refused(connection, f"$JS.API.CONSUMER.DELETE.VPR.{service}")
    assert set(SERVICES) <= await consumers(endpoints)


@pytest.mark.parametrize(("service", "other"), OTHERS)
async def test_a_service_cannot_touch_the_durable_of_another(endpoints: Endpoints, service: str, other: str) -> None:
    async with client(endpoints, service) as connection:
        for action in ("INFO", "MSG.NEXT", "DELETE", "PAUSE", "RESET", "UNPIN"):
            assert await refused(connection, f"$JS.API.CONSUMER.{action}.VPR.{other}", b"")
        assert await refused(connection, f"$JS.ACK.VPR.{other}.1.1.1.1.0", b"+ACK")
    assert set(SERVICES) <= await consumers(endpoints)


@pytest.mark.parametrize(("service", "other"), OTHERS)
async def test_a_service_cannot_let_the_server_act_by_a_reply(endpoints: Endpoints, service: str, other: str) -> None:
    """The server answers to any reply subject: neither a foreign event nor an order to the log may come of it."""
    own = FAMILIES[service][0]
    forged = f"vpr.{FAMILIES[other][0]}.replied_by_{service}"
    async with client(endpoints, service) as connection:
        for reply in (forged, f"$JS.API.CONSUMER.DELETE.VPR.{other}"):
            await connection.publish("$JS.API.INFO", b"", reply=reply)
            await connection.publish("$JS.API.STREAM.INFO.VPR", b"", reply=reply)
            await connection.publish(f"vpr.{own}.tried", b"{}", reply=reply)
            await connection.publish(f"$JS.API.CONSUMER.MSG.NEXT.VPR.{service}", b'{"no_wait": true}', reply=reply)
            await connection.publish(f"$JS.API.CONSUMER.MSG.NEXT.VPR.{service}", b"not json", reply=reply)
        await connection.flush(int(DEADLINE))
        await log_of(connection).account_info()
    assert forged not in await stored(endpoints)
    assert set(SERVICES) <= await consumers(endpoints)


@pytest.mark.parametrize(("service", "family"), FOREIGN)
async def test_a_service_cannot_push_into_a_foreign_family(endpoints: Endpoints, service: str, family: str) -> None:
    own = f"vpr.{FAMILIES[service][0]}.>"
    async with client(endpoints, service) as connection:
        for name in (f"{service}_own", f"{service}_replay"):
            body = configuration(name, own, deliver_subject=f"vpr.{family}.pushed")
            assert await refused(connection, f"$JS.API.CONSUMER.CREATE.VPR.{name}.{own}", body)


async def test_video_signals_to_itself_alone_and_nothing_of_it_is_kept(endpoints: Endpoints) -> None:
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    before, subject = await stored(endpoints), "video.signal.0123"
    async with client(endpoints, "video") as one, client(endpoints, "video") as other:
        await other.subscribe("video.signal.>", cb=hear)
        await other.flush(int(DEADLINE))
        await one.publish(subject, b"{}")
        async with asyncio.timeout(DEADLINE):
            while not heard:
                await one.flush(int(DEADLINE))
        violations: list[str] = []
        async with client(endpoints, "video", violations) as bad:
            await bad.publish("video.other", b"{}")
            await bad.subscribe("video.>")
            async with asyncio.timeout(DEADLINE):
                while len(violations) < 2:
                    await bad.flush(int(DEADLINE))
    assert heard == [subject]
    assert await stored(endpoints) == before


@pytest.mark.parametrize("service", [service for service in SERVICES if service != "video"])
async def test_others_neither_hear_nor_send_signals_of_calls(endpoints: Endpoints, service: str) -> None:
    violations: list[str] = []
    async with client(endpoints, service, violations) as connection:
        await connection.publish("video.signal.0123", b"{}")
        await connection.subscribe("video.signal.>")
        async with asyncio.timeout(DEADLINE):
            while len(violations) < 2:
                await connection.flush(int(DEADLINE))


@pytest.mark.parametrize("credentials", [{}, {"user": "intake", "pass": "wrong"}, {"user": "sys", "pass": ""}])
async def test_nobody_enters_without_a_password(endpoints: Endpoints, credentials: dict[str, str]) -> None:
    host, port = endpoints.nats_url.removeprefix("nats://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await reader.readline()
    writer.write(b"CONNECT " + json.dumps({"verbose": True, **credentials}).encode() + b"\r\nPING\r\n")
    async with asyncio.timeout(DEADLINE):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"-ERR 'Authorization Violation'")
