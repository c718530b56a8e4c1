"""How files end: erased with their report, or swept because nobody ever recorded them."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import Text, func, select, text

from tests.attachments import Sender, code_of
from tests.files import PDF, in_parts
from tests.integration.test_intake_erasure import erase
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.values import Role
from vpr_events.locks import number_of
from vpr_events.outages import RecoveryNeeded
from vpr_evidence.keys import new_master_key
from vpr_intake.attaching import Incoming, evidence_of, uploads
from vpr_intake.kept_files import OBJECTS
from vpr_intake.queries import one_report
from vpr_intake.settings import Settings, settings_of
from vpr_service.evidence import Sweeper
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime

HOUR = timedelta(hours=1)


def sweeper(runtime: Runtime) -> Sweeper:
    return Sweeper(runtime, settings_of(runtime), OBJECTS)


@pytest.fixture
async def sender(intake: System) -> Sender:
    return await Sender.on(intake)


async def erased(sender: Sender) -> None:
    for role in (Role.SUPERVISOR, Role.ADMIN):
        answer = await erase(sender.system, str(sender.report), role)
    assert answer.json()["status"] == "erased"


async def test_an_erasure_takes_key_name_and_facts_at_once_and_the_object_soon(sender: Sender) -> None:
    receipt = await sender.added(Content_Disposition='attachment; filename="Quillon.jpg"')
    other = await Sender.on(sender.system)
    await other.added(PDF)
    assert len(sender.stored) == 2
    await erased(sender)
    assert await sender.rows("attachment_files") == 1

    async def removed() -> bool:
        return len(sender.stored) == 1 and await sender.rows("stored_objects") == 1

    assert await until(removed)
    assert await sender.rows("events where type = 'report.attachment_added.v1'") == 2
    [shown] = (await sender.get()).json()
    assert (shown["id"], shown["erased"], shown["file_name"], shown["facts"]) == (receipt["id"], True, None, None)
    assert code_of(await sender.get(f"/{receipt['id']}/content")) == (410, "erased")
    assert code_of(await sender.send()) == (409, "erased")
    assert len(sender.stored) == 1
    assert (await other.get()).json()[0]["erased"] is False


async def test_a_legal_hold_keeps_the_files(sender: Sender) -> None:
    await sender.added()
    hold = await sender.system["intake"].post(
        f"/v1/reports/{sender.report}/holds", headers=sender.system.as_(Role.SUPERVISOR)
    )
    assert hold.status_code == 201
    for role in (Role.SUPERVISOR, Role.ADMIN):
        assert (await erase(sender.system, str(sender.report), role)).status_code == 409
    assert await sender.rows("attachment_files") == len(sender.stored) == 1


async def age(sender: Sender, by: timedelta) -> None:
    async with sender.system.runtime("intake").engine.begin() as connection:
        await connection.execute(
            text("update stored_objects set begun_at = begun_at - cast(:by as interval)"), {"by": by}
        )


async def orphaned(sender: Sender) -> None:
    """An upload whose process dies between storing and recording."""
    runtime = sender.system.runtime("intake")
    async with uploads(runtime) as files:
        await files.receive(Incoming(in_parts(PDF)))
        files._begun.clear()


async def test_what_was_never_recorded_is_swept_after_an_hour_and_nothing_else(sender: Sender) -> None:
    await sender.added()
    await orphaned(sender)
    assert len(sender.stored) == await sender.rows("stored_objects") == 2
    runtime = sender.system.runtime("intake")
    storage = evidence_of(runtime).storage
    assert await OBJECTS.sweep(runtime.engine, storage, HOUR) == 0
    await age(sender, HOUR)
    assert await OBJECTS.sweep(runtime.engine, storage, HOUR) == 1
    assert len(sender.stored) == await sender.rows("stored_objects") == 1
    assert await OBJECTS.sweep(runtime.engine, storage, HOUR) == 0
    assert len(sender.stored) == 1


async def test_what_is_recorded_while_it_is_swept_is_not_recorded(sender: Sender) -> None:
    """The foreign key decides: a file never names an object that is gone."""
    runtime = sender.system.runtime("intake")
    async with uploads(runtime) as files:
        await files.receive(Incoming(in_parts(PDF)))
        await age(sender, HOUR)
        assert await OBJECTS.sweep(runtime.engine, evidence_of(runtime).storage, HOUR) == 1
        with pytest.raises(Exception, match="attachment_files"):
            await runtime.pipeline.execute(*files.executions(sender.report, runtime.now(), None))
    assert await sender.nothing_is_left()


async def test_a_commit_whose_answer_was_lost_keeps_its_file(sender: Sender) -> None:
    """Nobody said ``keep``, but the file is a report's: it stays."""
    runtime = sender.system.runtime("intake")
    async with uploads(runtime) as files:
        await files.receive(Incoming(in_parts(PDF)))
        async with runtime.reading() as connection:
            row = await one_report(connection, sender.report)
        assert row
        await runtime.pipeline.execute(*files.executions(sender.report, runtime.now(), row["client_id"]))
    [shown] = (await sender.get()).json()
    assert (await sender.get(f"/{shown['id']}/content")).content == PDF


async def test_a_commit_that_arrives_while_its_file_is_looked_up_keeps_it(sender: Sender) -> None:
    """The look began before the commit and has the row after it: what it saw first does not count."""
    runtime = sender.system.runtime("intake")
    storage, lock = evidence_of(runtime).storage, number_of("looked up")
    paused = func.pg_advisory_xact_lock_shared(lock).cast(Text).is_not(None)
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"

    async def it_waits() -> bool:
        async with runtime.reading() as connection:
            return bool((await connection.execute(text(waiting))).scalar_one())

    async with uploads(runtime) as files:
        await files.receive(Incoming(in_parts(PDF)))
        async with runtime.engine.begin() as holding:
            await holding.execute(select(func.pg_advisory_xact_lock(lock)))
            sweeping = asyncio.create_task(OBJECTS._swept(runtime.engine, storage, paused))
            await until(it_waits)
            await runtime.pipeline.execute(*files.executions(sender.report, runtime.now(), None))
        assert await sweeping == 0
    assert await sender.rows("attachment_files") == await sender.rows("stored_objects") == len(sender.stored) == 1


async def test_the_worker_sweeps(sender: Sender) -> None:
    await orphaned(sender)
    await age(sender, HOUR)
    stop = asyncio.Event()
    sweeping = asyncio.create_task(sweeper(sender.system.runtime("intake")).run(stop))
    assert await until(sender.nothing_is_left)
    stop.set()
    await sweeping


async def test_a_restored_service_sweeps_nothing(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    await orphaned(sender)
    await age(sender, HOUR)
    runtime, asked, stop = sender.system.runtime("intake"), asyncio.Event(), asyncio.Event()

    def shut() -> None:
        asked.set()
        raise RecoveryNeeded("it was restored")

    monkeypatch.setattr(runtime.gate, "check", shut)
    sweeping = asyncio.create_task(sweeper(runtime).run(stop))
    await asked.wait()
    stop.set()
    await sweeping
    assert len(sender.stored) == 1


async def test_an_upload_that_takes_too_long_leaves_nothing(servers: Servers) -> None:
    limit = {"upload_time": timedelta(milliseconds=50)}
    async with System.started(servers, ["intake"], **limit) as intake:  # type: ignore[arg-type]
        sender, gate = await Sender.on(intake), asyncio.Event()

        async def slow() -> object:
            yield PDF
            await gate.wait()

        assert code_of(await sender.send(slow(), "application/pdf")) == (408, "upload_too_slow")  # type: ignore[arg-type]
        assert await sender.nothing_is_left()


async def test_all_files_of_a_request_have_the_time_of_one(sender: Sender) -> None:
    """Else the first would be swept before the last is there."""
    runtime, clock = sender.system.runtime("intake"), asyncio.get_running_loop().time
    async with uploads(runtime) as files:
        assert files.until - clock() <= settings_of(runtime).upload_time.total_seconds()
        await files.receive(Incoming(in_parts(PDF)))
        files.until = clock()
        with pytest.raises(Problem, match="too long"):
            await files.receive(Incoming(in_parts(PDF)))
        with pytest.raises(Problem, match="too long"):
            files.executions(sender.report, runtime.now(), None)
    assert await sender.nothing_is_left()


async def test_without_a_place_or_a_key_there_are_no_attachments(servers: Servers) -> None:
    for missing in ({"evidence_url": ""}, {"evidence_keys": SecretStr("")}):
        async with System.started(servers, ["intake"], **missing) as intake:
            sender = await Sender.on(intake)
            assert code_of(await sender.send()) == (503, "attachments_off")
            assert (await sender.get()).json() == []


async def test_a_store_that_does_not_answer_is_503_and_the_sweeper_has_the_rest(
    servers: Servers, tmp_path: Path
) -> None:
    place = tmp_path / "store"
    async with System.started(servers, ["intake"], evidence_url=place.as_uri()) as intake:
        sender = await Sender.on(intake)
        evidence_of(intake.runtime("intake"))
        place.rmdir()
        place.write_text("no folder")
        assert code_of(await sender.send()) == (503, "unavailable")
        assert await sender.rows("attachments") == 0


@pytest.mark.parametrize(
    "wrong", [{"evidence_keys": "short"}, {"evidence_keys": "c2hvcnQ="}, {"upload_time": HOUR}, {"photo_bytes": 0}]
)
def test_settings_that_cannot_be_are_refused(servers: Servers, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        servers.settings("intake", "postgresql+asyncpg://x/y", **wrong)


def test_two_keys_may_be_given(servers: Servers) -> None:
    keys = f"{new_master_key()}, {new_master_key()}"
    settings = servers.settings("intake", "postgresql+asyncpg://x/y", evidence_keys=SecretStr(keys))
    assert isinstance(settings, Settings)
    assert len(settings.evidence_keys_given) == 2
