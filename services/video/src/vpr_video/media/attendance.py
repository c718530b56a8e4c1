"""One participant's part in a room: what they send, and what they receive of each of the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from vpr_events.event import new_id
from vpr_video.media.janus import Janus, JanusAway, JanusRefused, Told
from vpr_video.media.recorder import Recorder
from vpr_video.media.recordings import Wanted, wanted_of
from vpr_video.media.rooms import NO_SUCH_FEED, Room, feed_of, sender_of
from vpr_video.seats import Seat
from vpr_video.signalling.lines import Line

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Leg:
    """A connection between a browser and Janus: ``id`` is how both name it, ``feed`` what flows, ``who`` sent it."""

    id: UUID
    handle: int
    feed: str
    who: UUID
    up: bool = False


type Work = Callable[[], Awaitable[None]]


@dataclass(eq=False)
class Attendance:
    """The legs of a participant. What is asked and told is taken one after the other, by a task of its own.

    ``line`` is where the participant can be told; None while they are away, and the legs stand meanwhile.
    """

    janus: Janus
    line: Line | None
    session_id: UUID
    participant_id: UUID
    recorder: Recorder[Leg] | None = None
    closed: bool = False
    _recorded: Wanted | None = None
    _version: int = 0
    _sending: Leg | None = None
    _former: Leg | None = None
    _receiving: dict[UUID, Leg] = field(default_factory=dict)
    _feeds: set[str] = field(default_factory=set)
    _work: asyncio.Queue[Work | None] = field(default_factory=asyncio.Queue)

    async def run(self) -> None:
        """Take what comes, until it is closed. Whoever cancels it leaves the legs standing."""
        try:
            while (work := await self._work.get()) is not None:
                await self._try(work)
        except Exception:
            self.closed = True
            await self._end()
            raise
        await self._end()

    async def _try(self, work: Work) -> None:
        try:
            await work()
        except JanusRefused as refusal:
            log.warning("media server", code=refusal.code, reason=refusal.reason)
            self._tell({"type": "error", "code": "media_server_refused"})
        except JanusAway as error:
            log.warning("media server", error=str(error))
            self._tell({"type": "error", "code": "media_server_away"})

    async def _end(self) -> None:
        for leg in self._legs():
            await self._detach(leg)

    def soon(self, work: Work) -> None:
        """Do this after what came before."""
        if not self.closed:
            self._work.put_nowait(work)

    def close(self) -> None:
        """Nothing is sent or received any more."""
        if not self.closed:
            self.closed = True
            self._work.put_nowait(None)

    def forget(self) -> None:
        """Janus has lost everything."""
        self._sending = self._former = None
        self._receiving.clear()
        self._feeds.clear()
        if self.recorder is not None:
            self.recorder.forget()

    # What the participant says

    async def ready(self, legs: frozenset[UUID]) -> None:
        """The page holds these legs: those that it lacks are dropped, and it is told of those that we lack."""
        for leg in [leg for leg in self._legs() if leg.id not in legs]:
            await self._drop(leg)
        for unknown in legs - {leg.id for leg in self._legs()}:
            self._tell({"type": "server_gone", "leg": unknown})
        if self._sending is not None:
            self._feeds = set(await self._room.feeds(self._sending.handle))
        await self.reconcile()

    async def described(self, id_: UUID, description: Mapping[str, Any]) -> None:
        """The page offers what it sends, or answers an offer of what it receives."""
        if description["type"] == "answer":
            if leg := self._receiving.get(id_):
                await self._room.start(leg.handle, description)
        elif self._sending is not None and self._sending.id == id_:
            told = await self._room.renew(self._sending.handle, description)
            self._describe(self._sending, told["jsep"])
        else:
            await self._publish(id_, description)

    async def found(self, id_: UUID, candidate: Mapping[str, Any] | None) -> None:
        """The page found a way to itself; None after the last."""
        leg = next((leg for leg in self._legs() if leg.id == id_), None)
        empty = candidate is not None and not candidate["candidate"]  # browsers end a generation of theirs so
        if leg is not None and not empty:
            await self.janus.ask("trickle", handle_id=leg.handle, candidate=candidate or {"completed": True})

    async def _publish(self, id_: UUID, offer: Mapping[str, Any]) -> None:
        leg = await self._leg(id_, feed_of(self.participant_id), self.participant_id)
        before, self._sending = self._sending, leg
        if before is not None and before.up:
            before, self._former = self._former, before
        if before is not None:
            await self._detach(before)
        try:
            told = await self._room.publish(leg.handle, leg.feed, offer)
        except JanusRefused:
            await self._drop(leg)
            raise
        self._describe(leg, told["jsep"])
        self._feeds |= {one["id"] for one in told["plugindata"]["data"].get("publishers", ())}
        await self.reconcile()

    # What Janus says

    async def _heard(self, leg: Leg, told: Told) -> None:
        if leg not in self._legs():
            return
        match told["janus"]:
            case "trickle":
                self._tell({"type": "server_candidate", "leg": leg.id, "candidate": _candidate(told["candidate"])})
            case "webrtcup":
                await self._up(leg)
            case "hangup" | "detached":
                await self._drop(leg)
            case "event":
                await self._changed(told["plugindata"]["data"])

    async def _up(self, leg: Leg) -> None:
        """The leg stands: what it replaces may go."""
        leg.up = True
        older = [one for one in self._receiving.values() if one.who == leg.who and one.feed < leg.feed]
        if leg is self._sending:
            older = [self._former] if self._former else []
        for one in older:
            await self._drop(one)
        await self.record()

    async def _changed(self, told: Told) -> None:
        self._feeds |= {one["id"] for one in told.get("publishers", ())}
        self._feeds -= {told.get("unpublished"), told.get("leaving")}
        await self.reconcile()

    # What follows

    async def reconcile(self) -> None:
        """Receive the newest of everyone else who was let in, and nothing that is not sent any more."""
        for leg in [leg for leg in self._receiving.values() if leg.feed not in self._feeds]:
            await self._drop(leg)
        received = {leg.feed for leg in self._receiving.values()}
        for who, feed in self._wanted():
            if feed not in received:
                await self._subscribe(who, feed)
        await self.record()

    def want(self, seat: Seat, online: Iterable[UUID]) -> None:
        """What is to be recorded, as a place says that is not older than the one before."""
        if seat.row["version"] >= self._version:
            self._version, self._recorded = seat.row["version"], wanted_of(seat, online)

    async def record(self) -> None:
        """Have recorded what is wanted, by the connection that stands."""
        standing = next((leg for leg in (self._sending, self._former) if leg is not None and leg.up), None)
        if self.recorder is not None and (stuck := await self.recorder.keep(self._recorded, standing)):
            await self._drop(stuck)

    def _wanted(self) -> list[tuple[UUID, str]]:
        if self._sending is None or self.line is None:
            return []
        people = self.line.seat.people
        inside = {one["participant_id"] for one in people if one["admitted_at"] and not one["left_at"]}
        newest: dict[UUID, str] = {}
        for feed in sorted(self._feeds):
            who = sender_of(feed)
            if who is not None and who in inside and who != self.participant_id:
                newest[who] = feed
        return list(newest.items())

    async def _subscribe(self, who: UUID, feed: str) -> None:
        leg = await self._leg(new_id(), feed, who)
        try:
            told = await self._room.subscribe(leg.handle, feed)
        except JanusRefused as refusal:
            await self._detach(leg)
            if refusal.code != NO_SUCH_FEED:
                raise
            self._feeds.discard(feed)
            return
        self._receiving[leg.id] = leg
        self._describe(leg, told["jsep"])

    async def _leg(self, id_: UUID, feed: str, who: UUID) -> Leg:
        leg = Leg(id_, 0, feed, who)
        leg.handle = await self.janus.attach(lambda told: self.soon(partial(self._heard, leg, told)))
        return leg

    async def _drop(self, leg: Leg) -> None:
        """End a leg; the page is told."""
        self._receiving.pop(leg.id, None)
        self._sending = None if leg is self._sending else self._sending
        self._former = None if leg is self._former else self._former
        self._tell({"type": "server_gone", "leg": leg.id})
        await self._detach(leg)

    async def _detach(self, leg: Leg) -> None:
        if self.recorder is not None:
            self.recorder.over(leg)
        try:
            await self.janus.detach(leg.handle)
        except (JanusAway, JanusRefused) as error:
            log.debug("a leg is gone already", error=str(error))

    @property
    def _room(self) -> Room:
        return Room(self.janus, self.session_id)

    def _legs(self) -> list[Leg]:
        own = [leg for leg in (self._sending, self._former) if leg is not None]
        return [*own, *self._receiving.values()]

    def _describe(self, leg: Leg, jsep: Mapping[str, Any]) -> None:
        description = {"type": jsep["type"], "sdp": jsep["sdp"]}
        self._tell({"type": "server_description", "leg": leg.id, "from": leg.who, "description": description})

    def _tell(self, message: Mapping[str, Any]) -> None:
        if self.line is not None and not self.line.closed:
            self.line.send(message)


def _candidate(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """As browsers write it; None after the last."""
    if told.get("completed"):
        return None
    return {name: told[name] for name in ("candidate", "sdpMid", "sdpMLineIndex") if name in told}
