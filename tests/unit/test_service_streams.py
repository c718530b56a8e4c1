"""A feed: who follows sees everything once and in order, and who missed something is told to load anew."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from fastapi.sse import ServerSentEvent

from tests.waiting import DEADLINE
from vpr_service.streams import Feed


async def take(stream: AsyncIterator[ServerSentEvent], number: int) -> list[ServerSentEvent]:
    """The next events of a stream."""
    async with asyncio.timeout(DEADLINE):
        return [await anext(stream) for _ in range(number)]


def told(feed: Feed, *names: str) -> None:
    for name in names:
        feed.tell(name, {"id": name})


def names(events: list[ServerSentEvent]) -> list[str | None]:
    return [event.event for event in events]


async def test_a_stream_begins_with_reload_and_goes_on_with_what_is_told() -> None:
    feed, closing = Feed(), asyncio.Event()
    told(feed, "before")
    stream = feed.follow(None, closing)
    [first] = await take(stream, 1)
    assert (first.event, first.id) == ("reload", f"{feed.process}:1")
    told(feed, "a", "b")
    events = await take(stream, 2)
    assert names(events) == ["a", "b"]
    assert [event.id for event in events] == [f"{feed.process}:{number}" for number in (2, 3)]


async def test_who_comes_back_gets_what_was_missed() -> None:
    feed, closing = Feed(), asyncio.Event()
    told(feed, "a", "b", "c")
    assert names(await take(feed.follow(f"{feed.process}:1", closing), 2)) == ["b", "c"]


@pytest.mark.parametrize("last_id", ["", "x", "other:1", ":1", "{0}:", "{0}:-1", "{0}:4", "{0}:99999999999999999999",
                                     "{0}:²", "{0}:0", "{0}"])  # fmt: skip
async def test_an_id_that_is_not_in_the_ring_answers_reload(last_id: str) -> None:
    feed, closing = Feed(size=2), asyncio.Event()
    told(feed, "a", "b", "c")
    [first] = await take(feed.follow(last_id.format(feed.process), closing), 1)
    assert (first.event, first.id) == ("reload", f"{feed.process}:3")


async def test_who_falls_behind_the_ring_is_told_to_reload() -> None:
    feed, closing = Feed(size=2), asyncio.Event()
    stream = feed.follow(None, closing)
    await take(stream, 1)
    told(feed, "a", "b", "c")
    assert names(await take(stream, 1)) == ["reload"]
    told(feed, "d")
    assert names(await take(stream, 1)) == ["d"]


async def test_a_feed_that_starts_anew_sends_everyone_back_to_the_beginning() -> None:
    feed, closing = Feed(), asyncio.Event()
    told(feed, "a")
    old, stream = f"{feed.process}:1", feed.follow(None, closing)
    await take(stream, 1)
    feed.restart()
    assert names(await take(stream, 1)) == ["reload"]
    assert names(await take(feed.follow(old, closing), 1)) == ["reload"]


async def test_two_who_follow_see_the_same() -> None:
    feed, closing = Feed(), asyncio.Event()
    streams = [feed.follow(None, closing) for _ in range(2)]
    for stream in streams:
        await take(stream, 1)
    waiting = [asyncio.create_task(take(stream, 2)) for stream in streams]
    await asyncio.sleep(0)
    told(feed, "a", "b")
    assert [names(events) for events in await asyncio.gather(*waiting)] == [["a", "b"]] * 2


async def test_a_stream_ends_when_the_process_closes() -> None:
    feed, closing = Feed(), asyncio.Event()
    stream = feed.follow(None, closing)
    await take(stream, 1)
    ending = asyncio.create_task(anext(stream, None))
    await asyncio.sleep(0)
    closing.set()
    async with asyncio.timeout(DEADLINE):
        assert await ending is None


async def test_a_stream_ends_after_its_lifetime() -> None:
    feed, closing = Feed(lifetime=0.01), asyncio.Event()
    async with asyncio.timeout(DEADLINE):
        assert names([event async for event in feed.follow(None, closing)]) == ["reload"]


async def test_nothing_is_lost_between_hands_that_tell_and_hands_that_take() -> None:
    feed, closing, numbers = Feed(), asyncio.Event(), count()
    stream = feed.follow(None, closing)
    await take(stream, 1)

    async def telling() -> None:
        for _ in range(200):
            feed.tell("n", next(numbers))
            await asyncio.sleep(0)

    task = asyncio.create_task(telling())
    events = await take(stream, 200)
    await task
    assert [event.data for event in events] == list(range(200))
