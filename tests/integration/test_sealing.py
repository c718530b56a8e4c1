"""The sealer: nothing is passed by, nobody waits for it, and whatever ends it, file and row agree afterwards."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.examples import new_report
from tests.system import Servers, System
from tests.verification import Sealed, findings_of, grown
from tests.waiting import until
from vpr_events import store
from vpr_events.contracts.values import Role
from vpr_events.event import Recorded
from vpr_events.sealing import Sealer, SealsDisagree
from vpr_events.seals import Seal, SealFolder, opened
from vpr_events.tables import events, outbox
from vpr_events.verifying.whole import Subject

NOW = timedelta(0)


@pytest.fixture
async def sealed(servers: Servers, tmp_path: Path) -> AsyncIterator[Sealed]:
    async with Sealed.started(servers, tmp_path) as one:
        one.sealer.patience = 0.1
        yield one


async def append(connection: AsyncConnection, *new: Recorded) -> None:
    await store.append(connection, new)
    await connection.execute(insert(outbox), [{"event_id": event.id} for event in new])


def kept(one: Sealed, number: int) -> Seal:
    content = one.folder.read(number)
    assert content
    return opened(content, one.keys)


def covered(one: Sealed) -> set[str]:
    return {head.stream for number in one.folder.numbers() for head in kept(one, number).heads}


async def seal_what_is_seen(one: Sealed) -> set[str]:
    """The obvious way: up to the highest position that can be seen."""
    async with one.engine.connect() as connection:
        top = select(events.c.stream, events.c.position).order_by(events.c.position.desc())
        rows = (await connection.execute(top)).all()
    return {row.stream for row in rows}


async def test_a_transaction_that_lands_late_is_passed_by_the_obvious_way_but_not_by_the_sealer(sealed: Sealed) -> None:
    [early], [late] = grown(1), grown(1)
    async with sealed.engine.begin() as slow:
        await append(slow, early)
        await sealed.write(late)
        seen = await seal_what_is_seen(sealed)
        assert await sealed.sealer.seal() == 0

    assert seen == {late.stream}, "looking is enough now: is this test still a race?"
    assert await sealed.sealer.seal() == 1
    assert covered(sealed) == {early.stream, late.stream}
    assert await sealed.findings(NOW) == []


async def test_a_writer_that_was_given_nothing_yet_is_waited_for(sealed: Sealed) -> None:
    [early], [late] = grown(1), grown(1)
    async with sealed.engine.begin() as slow:
        await slow.execute(text("lock table events in row exclusive mode"))
        await sealed.write(late)
        assert await sealed.sealer.seal() == 0
        await append(slow, early)
    assert await sealed.sealer.seal() == 1
    assert covered(sealed) == {late.stream}
    assert await sealed.sealer.seal() == 1
    assert await sealed.findings(NOW) == []


async def test_writers_write_while_the_sealer_waits_and_do_not_make_it_wait_longer(sealed: Sealed) -> None:
    sealed.sealer.patience = 20
    [early], [late], [last] = grown(1), grown(1), grown(1)
    async with sealed.engine.begin() as slow:
        await append(slow, early)
        sealing = asyncio.create_task(sealed.sealer.seal())

        async def waits() -> bool:
            return bool(sealed.sealer._writers)

        await until(waits)
        await sealed.write(late)
        later = await sealed.engine.connect()
        await append(later, last)
    assert await sealing == 0, "at the time it looked, nothing could be seen"
    await later.commit()
    await later.close()
    assert await sealed.sealer.seal() == 1
    assert covered(sealed) == {early.stream, late.stream, last.stream}


async def test_with_nothing_new_nothing_is_sealed_until_it_is_time_for_a_sign_of_life(sealed: Sealed) -> None:
    assert await sealed.sealer.seal() == 0
    await sealed.write(*grown(2))
    assert await sealed.sealer.seal() == 1
    assert await sealed.sealer.seal() == 0
    sealed.sealer.heartbeat = NOW
    assert await until_made(sealed.sealer, 1)
    assert kept(sealed, 2).heads == ()
    assert (kept(sealed, 2).events, kept(sealed, 2).streams) == (2, 1)
    assert await sealed.findings(NOW) == []


async def until_made(sealer: Sealer, count: int) -> bool:
    """A sign of life that is due at once would be due again at once: take one step after the other."""
    assert await sealer._bounded()
    made = await sealer._step()
    assert await sealer._step() == 0
    return made == count


async def test_many_events_make_several_seals(sealed: Sealed) -> None:
    streams = [grown(3) for _ in range(4)]
    await sealed.write(*(event for row in zip(*streams, strict=True) for event in row))
    sealed.sealer.most = 5
    assert await sealed.sealer.seal() == 3
    assert [kept(sealed, number).events for number in (1, 2, 3)] == [5, 10, 12]
    assert kept(sealed, 3).streams == 4
    assert await sealed.findings(NOW) == []


async def test_of_two_sealers_one_seals(sealed: Sealed) -> None:
    other = Sealer(sealed.engine, sealed.service, sealed.key, sealed.folder, most=3)
    sealed.sealer.most = 3
    done = asyncio.Event()

    async def sealing(sealer: Sealer) -> None:
        while not done.is_set():
            await sealer.seal()

    async with asyncio.TaskGroup() as group:
        group.create_task(sealing(sealed.sealer))
        group.create_task(sealing(other))
        for _ in range(20):
            await sealed.write(*grown(4))
        done.set()
    await sealed.sealer.seal()
    assert sealed.folder.numbers() == list(range(1, len(sealed.folder.numbers()) + 1))
    assert await sealed.findings(NOW) == []


async def test_a_seal_whose_file_could_not_be_written_is_filed_later(sealed: Sealed) -> None:
    await sealed.write(*grown(1))
    sealed.folder.path.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="exists"):
        await sealed.sealer.seal()
    assert await sealed.rows() == [(1, False)]

    sealed.folder.path.unlink()
    assert await sealed.sealer.seal() == 0
    assert await sealed.rows() == [(1, True)]
    assert await sealed.findings(NOW) == []


@pytest.mark.parametrize("length", [0, 1, 100, None])
async def test_a_file_that_a_power_cut_left_half_is_completed(sealed: Sealed, length: int | None) -> None:
    await sealed.write(*grown(1))
    await sealed.sealer.seal()
    content = sealed.folder.read(1) or b""
    sealed.folder.place(1).unlink()
    sealed.folder.place(1).write_bytes(content[:length])
    await sealed.superuser("update seals set filed = false")
    await sealed.sealer.seal()
    assert sealed.folder.read(1) == content
    assert await sealed.rows() == [(1, True)]
    assert sealed.folder.place(1).stat().st_mode & 0o777 == 0o444


async def test_nothing_is_sealed_on_a_file_that_was_changed(sealed: Sealed) -> None:
    await sealed.write(*grown(1))
    await sealed.sealer.seal()
    sealed.folder.place(1).unlink()
    sealed.folder.place(1).write_bytes(b"another")
    await sealed.write(*grown(1))
    with pytest.raises(SealsDisagree, match="is not the seal"):
        await sealed.sealer.seal()


async def test_a_missing_file_does_not_stop_what_is_new_from_being_sealed(sealed: Sealed) -> None:
    await sealed.write(*grown(1))
    await sealed.sealer.seal()
    sealed.folder.place(1).unlink()
    await sealed.write(*grown(1))
    assert await sealed.sealer.seal() == 1
    assert await sealed.findings(NOW) == ["intake: seal 1: its file is missing"]


async def test_a_running_service_seals_at_once_and_at_its_end(servers: Servers) -> None:
    async with servers.database("intake") as url:
        await servers.fresh_log(["intake"])
        system = System(servers)
        async with system.service("intake", url, seal_every=0.1):
            runtime = system.runtime("intake")
            await system["intake"].post("/v1/reports", json=new_report(), headers=system.as_(Role.OFFICER))
            folder = runtime.settings.seal_folder
            assert folder

            async def filed() -> bool:
                return bool(SealFolder(folder).numbers())

            await until(filed)
        async with system.service("intake", url, seal_folder=folder):
            await system["intake"].post("/v1/reports", json=new_report(), headers=system.as_(Role.OFFICER))
            subject = Subject("intake", system.runtime("intake").engine, SealFolder(folder), servers.seal_keys)
            assert await findings_of(servers, [subject]) == []
        async with system.service("intake", url, seal_key=None, seal_folder=None):
            subject = Subject("intake", system.runtime("intake").engine, SealFolder(folder), servers.seal_keys)
            assert await findings_of(servers, [subject], NOW) == []
