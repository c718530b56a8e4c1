"""Participants at several replicas: whoever moves is not lost, and whoever is lost with a replica is missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from uuid import uuid4

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.test_video_signalling import Call, arranged, both_listen, both_online
from tests.sockets import calling, listening
from tests.system import Servers, System
from tests.waiting import until
from vpr_video.api import sockets
from vpr_video.signalling.hub import hub_of
from vpr_video.signalling.replicas import SUBJECT

DROP_AFTER = 0.25


@pytest.fixture
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone; who is gone for a quarter of a second counts as interrupted."""
    async with System.started(servers, ["video"], drop_after=DROP_AFTER) as running:
        yield running


async def connected(call: Call, there: str) -> None:
    """Officer here and resident there are connected."""
    officer = await call.as_officer()
    await call.as_resident(there)
    await officer.sees(both_online)
    await officer.say(type="media", state="connected", mode="video")
    await officer.sees(lambda view: view["status"] == "connected")


async def test_whoever_moves_to_another_replica_interrupted_nothing(video: System, servers: Servers) -> None:
    url = str(video.runtime("video").engine.url.render_as_string(hide_password=False))
    first = video.apps["video"]
    async with video.service("video", url, drop_after=DROP_AFTER) as second, AsyncExitStack() as stack:
        here = await stack.enter_async_context(listening(first))
        there = await stack.enter_async_context(listening(second))
        call = await arranged(video, here, stack)
        await both_listen(call, here, there)
        await connected(call, there)
        moved = await call.as_resident(here)
        await moved.sees(both_online)
        await asyncio.sleep(4 * DROP_AFTER)  # longer than the replica that was left waits
        assert "interrupted" not in await call.meeting.names()


async def test_whoever_is_lost_with_a_replica_is_missed_by_the_others(video: System) -> None:
    runtime = video.runtime("video")
    hub = hub_of(runtime)
    hub.beat = 0.05
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        call = await arranged(video, url, stack)
        officer = await call.as_officer()
        told = {"kind": "here", "who": [call.resident_id], "process": "another"}
        await runtime.log.tell(SUBJECT + call.meeting.id.hex, orjson.dumps(told))
        await officer.sees(both_online)
        await officer.say(type="media", state="connected", mode="video")
        await officer.sees(lambda view: view["status"] == "connected")
        hub._elsewhere.forget = 0.1  # from the next telling on, which is the last
        await runtime.log.tell(SUBJECT + call.meeting.id.hex, orjson.dumps(told))
        await officer.sees(lambda view: view["status"] == "interrupted" and not both_online(view))


async def test_whoever_a_replica_that_ends_let_go_is_missed_by_the_others(video: System) -> None:
    runtime = video.runtime("video")
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        call = await arranged(video, url, stack)
        officer = await call.as_officer()
        told = {"kind": "here", "who": [call.resident_id], "process": "another"}
        await runtime.log.tell(SUBJECT + call.meeting.id.hex, orjson.dumps(told))
        await officer.sees(both_online)
        await officer.say(type="media", state="connected", mode="video")
        await officer.sees(lambda view: view["status"] == "connected")
        await runtime.log.tell(SUBJECT + call.meeting.id.hex, orjson.dumps(told | {"who": [], "closing": True}))
        await officer.sees(lambda view: view["status"] == "interrupted")


async def test_after_a_gap_of_the_broker_pages_come_again_and_miss_nothing(video: System) -> None:
    runtime = video.runtime("video")
    hub_of(runtime).beat = 0.05
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        call = await arranged(video, url, stack)
        officer, _ = await call.both()
        assert runtime.log._client._transport is not None
        runtime.log._client._transport.close()  # type: ignore[no-untyped-call] # nats-py has no types here
        assert (await officer.end())[0] == 4412
        back = await call.as_officer()
        await back.hears_of("history")
        await call.as_resident()
        await back.sees(both_online)


async def test_a_connection_that_fails_at_its_beginning_leaves_nobody_behind(
    video: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = hub_of(video.runtime("video"))
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        call = await arranged(video, url, stack)

        async def broken(*_: object) -> None:
            raise RuntimeError("a defect")

        with monkeypatch.context() as patch, suppress(ConnectionClosed):
            patch.setattr(sockets, "seat_in", broken)
            async with calling(f"{url}/v1/call/socket", call.resident) as caller:
                await caller.say(type="chat", id=str(uuid4()), text="Hello?")
                await caller.connection.recv()

        async def nobody() -> bool:
            return not hub.online(call.meeting.id)

        await until(nobody)
