"""Views of a session when what mostly comes first comes last: nobody is left with what is over, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.integration.test_video_guiding import HERE, THERE, allow, locate, located
from tests.integration.test_video_signalling import Call, arranged, both_online
from tests.sockets import calling, listening
from tests.system import System
from vpr_service.runtime import Runtime
from vpr_video import queries
from vpr_video.seats import Seat, seat_in
from vpr_video.signalling import record
from vpr_video.signalling.hub import Hub, hub_of


@pytest.fixture
async def call(video: System) -> AsyncIterator[Call]:
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        yield await arranged(video, url, stack)


async def slow_look(hub: Hub, session: UUID) -> tuple[asyncio.Task[None], asyncio.Event]:
    """A look at the only one who is connected, which has seen all and shows it when the event is set."""
    [line] = hub._lines[session]
    look, seen, go_on = line.look, asyncio.Event(), asyncio.Event()

    async def slow() -> Seat | None:
        seat = await look()
        seen.set()
        await go_on.wait()
        return seat

    line.look = slow
    looking = asyncio.create_task(hub.refresh(session))
    await seen.wait()
    line.look = look
    return looking, go_on


async def test_a_slow_look_shows_nobody_who_is_there_as_away(call: Call, video: System) -> None:
    officer = await call.as_officer()
    await officer.sees(lambda view: not both_online(view))
    looking, go_on = await slow_look(hub_of(video.runtime("video")), call.meeting.id)
    await call.as_resident()
    await officer.sees(both_online)
    officer.told.clear()
    go_on.set()
    await looking
    await officer.answered()
    assert all(both_online(one) for one in officer.told if one["type"] == "session")


async def test_a_slow_look_shows_no_place_that_was_left(call: Call, video: System) -> None:
    await allow(call, "location")
    assert await locate(call, HERE, -20) == ""
    officer = await call.as_officer()
    await officer.sees(lambda view: bool(located(view)))
    looking, go_on = await slow_look(hub_of(video.runtime("video")), call.meeting.id)
    assert await locate(call, THERE, -10) == ""
    await officer.sees(lambda view: located(view)["latitude"] == THERE["latitude"])
    officer.told.clear()
    go_on.set()
    await looking
    await officer.answered()
    shown = [located(one)["latitude"] for one in officer.told if one["type"] == "session"]
    assert set(shown) <= {THERE["latitude"]}


async def test_what_is_written_while_somebody_is_let_in_reaches_them(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, resident = await call.both()
    read, go_on, past = asyncio.Event(), asyncio.Event(), record.past

    async def slow(session: UUID, runtime: Runtime) -> dict[str, object]:
        told = await past(session, runtime)
        read.set()
        await go_on.wait()
        return told

    joined = await call.meeting.join(await call.meeting.token())
    async with calling(f"{call.url}/v1/call/socket", call.meeting.as_resident(joined)) as waiting:
        await waiting.sees(lambda view: not view["you"]["admitted"])
        monkeypatch.setattr(record, "past", slow)
        await call.meeting.admit(joined)
        await read.wait()
        await officer.say(type="chat", id=str(uuid4()), text="Good day.")
        await resident.hears_of("chat")
        go_on.set()
        await waiting.hears_of("history")
        await waiting.answered()
        assert "Good day." in str(waiting.told)


async def test_a_place_in_a_session_is_that_of_one_moment(
    call: Call, video: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = await call.meeting.join(await call.meeting.token())
    own = UUID(joined.json()["participant_id"])
    one_session = queries.one_session

    async def one_session_before_the_admission(connection: AsyncConnection, session: UUID) -> dict[str, Any] | None:
        row = await one_session(connection, session)
        monkeypatch.setattr(queries, "one_session", one_session)
        assert (await call.meeting.admit(joined)).status_code == 200
        return row

    monkeypatch.setattr(queries, "one_session", one_session_before_the_admission)
    runtime = video.runtime("video")
    before, after = [await seat_in(call.meeting.id, own, runtime) for _ in range(2)]
    assert before is not None
    assert after is not None
    assert before.row["version"] < after.row["version"]
    assert (before.inside, after.inside) == (False, True)
