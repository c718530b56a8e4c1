"""What is asked of Janus' VideoRoom: a room for each session, with ids as texts, made by whoever finds none."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog

from vpr_events.event import new_id
from vpr_video.media.janus import Janus, JanusRefused, Told

ROOM_EXISTS, NO_SUCH_FEED = 427, 428
MOST = 12
"""Feeds of a room: some participants, and what is there twice while a way is replaced."""

BITRATE = 1_500_000
"""Bits a second that a participant's picture may take."""

log = structlog.get_logger(__name__)


def feed_of(who: UUID) -> str:
    """A new name of what a participant sends: of two of theirs the later one is the greater."""
    return f"{who.hex}.{new_id().hex}"


def sender_of(feed: object) -> UUID | None:
    """Whose feed it is; None for what we did not name."""
    try:
        return UUID(str(feed).partition(".")[0])
    except ValueError:
        return None


@dataclass(frozen=True)
class Room:
    """The room of a session."""

    janus: Janus
    session_id: UUID

    @property
    def name(self) -> str:
        """As Janus knows it."""
        return self.session_id.hex

    @property
    def secret(self) -> str:
        """By which every replica may rule the room."""
        return hmac.new(self.janus.secret.encode(), self.name.encode(), sha256).hexdigest()

    async def publish(self, handle: int, feed: str, offer: Mapping[str, Any]) -> Told:
        """Send into the room: the answer's ``jsep``, and in ``plugindata`` who sends already."""
        body = {"request": "joinandconfigure", "ptype": "publisher", "room": self.name, "id": feed, "pin": self.secret}
        await self.made(handle)
        return await self.janus.message(handle, body, offer)

    async def renew(self, handle: int, offer: Mapping[str, Any]) -> Told:
        """Another offer for what is sent already."""
        return await self.janus.message(handle, {"request": "configure"}, offer)

    async def record(self, handle: int, base: str) -> None:
        """Record what this handle sends, and nothing else of the room, into files whose names begin so."""
        body = {"request": "configure", "record": True, "filename": base, "secret": self.secret}
        await self.janus.message(handle, body)

    async def record_no_more(self, handle: int) -> None:
        """Finish the files of what this handle sends."""
        await self.janus.message(handle, {"request": "configure", "record": False, "secret": self.secret})

    async def subscribe(self, handle: int, feed: str) -> Told:
        """Receive a feed: the offer is the answer's ``jsep``."""
        streams = [{"feed": feed}]
        body = {"request": "join", "ptype": "subscriber", "room": self.name, "pin": self.secret, "streams": streams}
        return await self.janus.message(handle, body)

    async def start(self, handle: int, answer: Mapping[str, Any]) -> None:
        """The receiver's answer to the offer."""
        await self.janus.message(handle, {"request": "start"}, answer)

    async def feeds(self, handle: int) -> frozenset[str]:
        """What is sent in the room now."""
        told = await self.janus.message(handle, {"request": "listparticipants", "room": self.name})
        people = told["plugindata"]["data"]["participants"]
        return frozenset(one["id"] for one in people if one.get("publisher"))

    async def made(self, handle: int) -> None:
        """Have the room. An offer that a missing one refused would leave the handle unusable."""
        found = await self.janus.message(handle, {"request": "exists", "room": self.name})
        if found["plugindata"]["data"]["exists"]:
            return
        body = {
            "request": "create", "room": self.name, "permanent": False, "is_private": True, "secret": self.secret,
            "pin": self.secret, "admin_key": self.janus.secret, "publishers": MOST, "bitrate": BITRATE,
            "audiocodec": "opus", "videocodec": "vp8", "notify_joining": False, "lock_record": True,
            "audiolevel_event": False,
        }  # fmt: skip
        try:
            await self.janus.message(handle, body)
        except JanusRefused as refusal:
            if refusal.code != ROOM_EXISTS:
                raise


async def remove_empty_rooms(janus: Janus, handle: int) -> None:
    """Whoever comes to a session whose room went makes it anew, so an empty one is never missed."""
    told = await janus.message(handle, {"request": "list", "admin_key": janus.secret})
    for one in told["plugindata"]["data"]["list"]:
        if not one["num_participants"] and (session := sender_of(one["room"])):
            body = {"request": "destroy", "room": one["room"], "secret": Room(janus, session).secret}
            try:
                await janus.message(handle, body)
            except JanusRefused as refusal:
                log.info("a room stays", code=refusal.code)
