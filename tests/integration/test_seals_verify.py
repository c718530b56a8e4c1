"""Verification finds what somebody with every right in the database, or in the log, has done; and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from tests.verification import Sealed, grown
from vpr_events import store
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.event import Recorded
from vpr_events.log import STREAM, Outgoing
from vpr_events.sealing import SealsDisagree, adopt
from vpr_events.seals import SealFolder, SealKey, opened
from vpr_events.tables import events, outbox, seals

NOW = timedelta(0)


@pytest.fixture
async def sealed(servers: object, tmp_path: Path) -> AsyncIterator[Sealed]:
    """Three streams, published; three seals, of which the third covers what the second stream gained."""
    async with Sealed.started(servers, tmp_path) as one:  # type: ignore[arg-type]
        first, second, third = grown(3), grown(2), grown(1)
        await one.write(*first, *second)
        assert await one.sealer.seal() == 1
        await one.write(*third)
        assert await one.sealer.seal() == 1
        await one.write(*grown(2, on=second[-1]))
        assert await one.sealer.seal() == 1
        await one.publish()
        assert await one.findings(NOW) == []
        yield one


async def all_events(one: Sealed) -> list[Recorded]:
    async with one.engine.connect() as connection:
        rows = (await connection.execute(select(events).order_by(events.c.position))).mappings()
        return [store.from_row(row) for row in rows]


def only(found: list[str], *parts: str) -> None:
    """Every finding speaks of one of these, and each of these is spoken of."""
    assert found
    assert [line for line in found if not any(part in line for part in parts)] == []
    assert [part for part in parts if not any(part in line for line in found)] == []


async def test_a_changed_byte_is_found(sealed: Sealed) -> None:
    event = (await all_events(sealed))[1]
    body = event.body.replace(b'"hold_id":"0', b'"hold_id":"1')
    assert body != event.body
    await sealed.superuser("update events set body = :body where id = :id", body=body, id=event.id)
    only(await sealed.findings(), f"event {event.id} (", "do not have its hash", "with other body")


async def test_a_changed_time_is_found(sealed: Sealed) -> None:
    event = (await all_events(sealed))[0]
    await sealed.superuser(
        "update events set occurred_at = occurred_at - interval '1 hour' where id = :id", id=event.id
    )
    found = await sealed.findings()
    only(found, "do not have its hash", "with other ce-time")
    assert all(str(event.id) in line for line in found)


@pytest.mark.parametrize("queued", [False, True])
async def test_an_inserted_row_with_a_correct_chain_is_found(sealed: Sealed, queued: bool) -> None:
    """It lies beyond the seals; the log does not know it. Put into the outbox too, it is no longer hidden: a write."""
    [event] = grown(1, on=(await all_events(sealed))[2])
    async with sealed.engine.begin() as connection:
        await store.append(connection, [event])
        if queued:
            await connection.execute(insert(outbox), [{"event_id": event.id}])
    only(await sealed.findings(NOW), *(["neither in the log nor"] if not queued else []), "1 are not sealed")


async def test_an_inserted_row_in_the_place_of_a_sealed_position_is_found(sealed: Sealed) -> None:
    [event] = grown(1)
    values = ", ".join(f":{name}" for name in store.COLUMNS)
    await sealed.superuser(
        f"insert into events (position, {', '.join(store.COLUMNS)}) overriding system value values (0, {values})",
        **store.to_row(event),
    )
    only(await sealed.findings(), "no seal covers it", "neither in the log", "there are 9 in 4")


async def test_an_inserted_row_with_a_broken_chain_is_found(sealed: Sealed) -> None:
    [event] = grown(1, on=(await all_events(sealed))[2])
    async with sealed.engine.begin() as connection:
        await store.append(connection, [replace(event, hash="0" * 64)])
    only(await sealed.findings(), "do not have its hash", "neither in the log nor")


async def test_a_streams_last_row_removed_is_found(sealed: Sealed) -> None:
    event = (await all_events(sealed))[2]
    await sealed.superuser("delete from events where id = :id", id=event.id)
    only(
        await sealed.findings(),
        f"of {event.stream}, versions 1 to 3, 1 sealed events are gone",
        "the database has no such event",
        "states 8 events in 3 streams, there are 7 in 3",
    )


async def test_a_middle_row_removed_is_found(sealed: Sealed) -> None:
    event = (await all_events(sealed))[1]
    await sealed.superuser("delete from events where id = :id", id=event.id)
    only(
        await sealed.findings(),
        "versions 2 to 2 of its stream are missing",
        "1 sealed events are gone",
        "the database has no such event",
        "there are 7 in 3",
    )


async def test_a_whole_stream_removed_is_found(sealed: Sealed) -> None:
    stream = (await all_events(sealed))[0].stream
    await sealed.superuser("delete from events where stream = :stream", stream=stream)
    only(
        await sealed.findings(),
        f"of {stream}, versions 1 to 3, 3 sealed events are gone",
        "the database has no such event",
        "states 8 events in 3 streams, there are 5 in 2",
    )


async def rechain(one: Sealed, stream: list[Recorded], changed: int) -> None:
    """Change an event and recompute every later hash of its stream, as a superuser who knows how."""
    before = stream[changed - 1].hash if changed else store.GENESIS
    for index, event in enumerate(stream[changed:], changed):
        row = store.to_row(event)
        if index == changed:
            row["occurred_at"] -= timedelta(hours=3)
        before = store.chain_hash(before, row)
        statement = "update events set occurred_at = :occurred_at, hash = :hash where id = :id"
        await one.superuser(statement, occurred_at=row["occurred_at"], hash=before, id=event.id)


async def test_a_recomputed_chain_is_found(sealed: Sealed) -> None:
    stream = (await all_events(sealed))[:3]
    await rechain(sealed, stream, 1)
    found = await sealed.findings()
    only(
        found, f"seal 1: {stream[0].stream} version 3 is not what was sealed", "with other ce-time, ce-hash", "ce-hash"
    )
    assert not any("do not have its hash" in line for line in found), "then it was no recomputed chain"


async def test_a_recomputed_chain_is_found_by_the_seals_alone(sealed: Sealed) -> None:
    stream = (await all_events(sealed))[:3]
    await rechain(sealed, stream, 1)
    await sealed.servers.fresh_log(["intake"])
    await sealed.servers.publish(*(await all_events(sealed)))
    only(await sealed.findings(), f"seal 1: {stream[0].stream} version 3 is not what was sealed")


@pytest.mark.parametrize(("number", "name"), [(1, "first"), (2, "middle"), (3, "newest")])
async def test_a_seals_file_removed_is_found(sealed: Sealed, number: int, name: str) -> None:
    sealed.folder.place(number).unlink()
    assert await sealed.findings() == [f"intake: seal {number}: its file is missing"]


@pytest.mark.parametrize("number", [1, 2])
async def test_a_seals_row_removed_is_found(sealed: Sealed, number: int) -> None:
    await sealed.superuser("delete from seals where number = :number", number=number)
    assert await sealed.findings() == [f"intake: seal {number}: its row is missing"]


async def test_the_newest_seals_row_removed_is_found_and_nothing_is_sealed_over_it(sealed: Sealed) -> None:
    await sealed.superuser("delete from seals where number = 3")
    await sealed.write(*grown(1))
    await sealed.publish()
    with pytest.raises(SealsDisagree):
        await sealed.sealer.seal()
    only(await sealed.findings(NOW), "seal 3: its row is missing", "1 are not sealed")


@pytest.mark.parametrize("number", [1, 2])
async def test_file_and_row_of_an_older_seal_removed_are_found(sealed: Sealed, number: int) -> None:
    sealed.folder.place(number).unlink()
    await sealed.superuser("delete from seals where number = :number", number=number)
    only(await sealed.findings(), f"seal {number}: gone", "no seal covers it")


async def test_file_and_row_of_the_newest_seal_removed_are_found(sealed: Sealed) -> None:
    sealed.folder.place(3).unlink()
    await sealed.superuser("delete from seals where number = 3")
    only(await sealed.findings(NOW), "2 are not sealed")


@pytest.mark.parametrize("number", [2, 3])
async def test_a_seal_signed_with_another_key_is_found(sealed: Sealed, number: int, tmp_path: Path) -> None:
    other = SealKey.made_at(tmp_path / "other.pem")
    kept = sealed.folder.read(number)
    assert kept
    forged = other.seal(opened(kept, sealed.keys))
    sealed.folder.place(number).unlink()
    assert sealed.folder.add(number, forged)
    found = await sealed.findings()
    only(found, f"seal {number}: its file and its row differ", f"seal {number}: it is not signed with a known key")
    await sealed.superuser("update seals set content = :content where number = :number", content=forged, number=number)
    assert f"intake: seal {number}: it is not signed with a known key, or not whole" in await sealed.findings()


@pytest.mark.parametrize("where", [3, 200])
async def test_a_changed_seal_is_found(sealed: Sealed, where: int) -> None:
    kept = bytearray(sealed.folder.read(2) or b"")
    kept[where] = ord("1") if kept[where] != ord("1") else ord("2")
    sealed.folder.place(2).unlink()
    sealed.folder.add(2, bytes(kept))
    assert "intake: seal 2: its file and its row differ" in await sealed.findings()


async def test_seals_that_change_places_are_found(sealed: Sealed) -> None:
    first, second = sealed.folder.read(1), sealed.folder.read(2)
    for number, content in ((1, second), (2, first)):
        sealed.folder.place(number).unlink()
        assert content
        sealed.folder.add(number, content)
        statement = "update seals set content = :content where number = :number"
        await sealed.superuser(statement, content=content, number=number)
    found = await sealed.findings()
    assert "intake: seal 1: it is seal 2 of intake" in found
    assert "intake: seal 2: it is seal 1 of intake" in found
    assert any("seal 3: it does not follow the seal before it" in line for line in found)


async def test_a_cursor_set_forward_leaves_events_that_no_seal_covers(sealed: Sealed) -> None:
    await sealed.superuser("update seals set last_position = last_position + 2 where number = 3")
    new = grown(4)
    await sealed.write(*new)
    await sealed.publish()
    assert await sealed.sealer.seal() == 1
    only(await sealed.findings(NOW), "no seal covers it", "states 10 events")


async def test_a_message_missing_in_the_log_is_found(sealed: Sealed) -> None:
    stored = await all_events(sealed)
    await sealed.servers.fresh_log(["intake"])
    await sealed.servers.publish(*(event for event in stored if event is not stored[4]))
    only(await sealed.findings(), f"event {stored[4].id} (", "neither in the log nor waiting")


async def test_a_foreign_message_in_the_log_is_found(sealed: Sealed) -> None:
    [stranger] = grown(1)
    await sealed.servers.publish(stranger)
    only(await sealed.findings(), f"message 9 of the log, event {stranger.id}: the database has no such event")


async def test_a_message_that_is_no_event_is_found(sealed: Sealed) -> None:
    async with sealed.servers.admin_log() as admin:
        await admin.publish([Outgoing("vpr.report.filed", {}, b"{}")])
        await admin.publish([Outgoing("vpr.nobody.did", {"ce-id": str(uuid4())}, b"{}")])
    assert await sealed.findings() == [f"log: message {number}: it is not one of our events" for number in (9, 10)]


@pytest.mark.parametrize(
    ("changes", "body", "named"),
    [
        ({"ce-correlationid": str(uuid4())}, None, "ce-correlationid"),
        ({"ce-note": "something new"}, None, "attributes that are not ours"),
        ({}, b"{}", "body"),
    ],
)
async def test_a_message_with_other_attributes_or_bytes_is_found(
    sealed: Sealed, changes: dict[str, str], body: bytes | None, named: str
) -> None:
    [event, *rest] = await all_events(sealed)
    await sealed.servers.fresh_log(["intake"])
    async with sealed.servers.admin_log() as admin:
        await admin.publish([Outgoing(subject_of(event.type), headers_of(event) | changes, body or event.body)])
    await sealed.servers.publish(*rest)
    assert await sealed.findings() == [
        f"intake: message 1 of the log, event {event.id}: the database has it with other {named}"
    ]


async def test_an_event_twice_in_the_log_is_no_finding(sealed: Sealed) -> None:
    """As after a refill: the inboxes know it."""
    [event, *_] = await all_events(sealed)
    async with sealed.servers.admin_log() as admin:
        headers = headers_of(event) | {"Nats-Msg-Id": "another"}
        await admin.publish([Outgoing(subject_of(event.type), headers, event.body)])
        assert (await admin._client.jetstream().stream_info(STREAM)).state.messages == 9
    assert await sealed.findings() == []


async def test_what_waits_to_be_published_or_sealed_is_no_finding(sealed: Sealed) -> None:
    await sealed.write(*grown(5))
    assert await sealed.findings() == []
    await sealed.publish()
    assert await sealed.findings() == []
    only(await sealed.findings(NOW), "5 are not sealed, the oldest for")


async def test_a_system_that_works_meanwhile_is_clean(sealed: Sealed) -> None:
    done = asyncio.Event()

    async def writing() -> None:
        while not done.is_set():
            await sealed.write(*grown(3))

    async def publishing() -> None:
        while not done.is_set():
            await sealed.relay.publish_pending()

    async def sealing() -> None:
        while not done.is_set():
            await sealed.sealer.seal()

    async with asyncio.TaskGroup() as group:
        for work in (writing, writing, publishing, sealing):
            group.create_task(work())
        found = [await sealed.findings() for _ in range(8)]
        done.set()
    assert found == [[]] * 8
    async with sealed.engine.connect() as connection:
        assert len((await connection.execute(select(seals.c.number))).all()) > 4, "nothing happened meanwhile"


async def test_a_restored_database_goes_on_once_its_seals_are_taken_in(sealed: Sealed) -> None:
    """What a backup lacks is appended again from the log, at other positions; seals made meanwhile hold for it too."""
    lost = (await all_events(sealed))[5:]
    await sealed.superuser("delete from seals where number > 1", "delete from events where position > 5")
    async with sealed.engine.begin() as connection:
        await store.append(connection, [lost[1], lost[0], lost[2]])
    with pytest.raises(SealsDisagree, match="adopt-seals"):
        await sealed.sealer.seal()

    async with sealed.engine.begin() as connection:
        assert await adopt(connection, "intake", sealed.folder, sealed.keys) == 2
    assert await sealed.findings() == []

    await sealed.write(*grown(2))
    await sealed.publish()
    assert await sealed.sealer.seal() == 1
    assert await sealed.findings(NOW) == []


async def test_a_row_with_other_counts_than_its_seal_is_found(sealed: Sealed) -> None:
    await sealed.superuser("update seals set events = events - 1 where number = (select max(number) from seals)")
    only(await sealed.findings(), "its row tells other counts")


async def test_another_services_seals_are_not_taken_in(sealed: Sealed, tmp_path: Path) -> None:
    kept = sealed.folder.read(1)
    other = SealFolder(tmp_path / "foreign")
    assert kept
    other.add(1, kept)
    await sealed.superuser("delete from seals")
    async with sealed.engine.begin() as connection:
        with pytest.raises(SealsDisagree):
            await adopt(connection, "triage", other, sealed.keys)
