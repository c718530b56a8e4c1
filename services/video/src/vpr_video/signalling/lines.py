"""One participant's open connection: what comes is measured and read, what goes waits its turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any
from uuid import UUID

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from vpr_video.seats import Seat
from vpr_video.signalling.messages import MESSAGE_LIMIT, Message, message_in

RATE, BURST = 30.0, 200.0
"""Messages a second that a participant may send, and how many at once: a call begins with some dozens of candidates."""

WAITING_LIMIT = 512
CHARS = 123
"""WebSocket lets a reason have so many bytes."""


class Close(IntEnum):
    """Why a connection was closed by us. Pages come back after RENEW and RESTART alone, or when it broke by itself."""

    BINARY = 1003
    TOO_BIG = 1009
    RESTART = 1012
    MALFORMED = 4400
    FORBIDDEN = 4403
    SLOW = 4408
    REPLACED = 4409
    OVER = 4410
    LEFT = 4411
    RENEW = 4412
    FLOOD = 4429


class Ended(Exception):
    """The connection is to be closed."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason[:CHARS]


@dataclass
class Bucket:
    """Lets ``rate`` messages a second pass, ``burst`` at once."""

    rate: float = RATE
    burst: float = BURST
    _level: float = field(default=0, init=False)
    _last: float = field(default=0, init=False)

    def takes(self, now: float) -> bool:
        """Whether one more may pass at ``now`` (seconds of any steady clock)."""
        self._level = max(0, self._level - (now - self._last) * self.rate)
        self._last = now
        if self._level + 1 > self.burst:
            return False
        self._level += 1
        return True


@dataclass(eq=False)
class Line:
    """A participant's connection. ``look`` gives the place as it is now, and raises Problem for who may not stay.

    ``seen`` once the participant was told of the session, ``way`` which way their call goes as they were told,
    ``behind`` while they were let in and not yet told what was written before.
    """

    websocket: WebSocket
    seat: Seat
    look: Callable[[], Awaitable[Seat | None]]
    seen: bool = False
    way: str = ""
    behind: bool = False
    closed: bool = False
    _turns: int = 0
    _shown: int = 0
    _bucket: Bucket = field(default_factory=Bucket)
    _out: asyncio.Queue[str | Ended] = field(default_factory=lambda: asyncio.Queue(WAITING_LIMIT))

    @property
    def session_id(self) -> UUID:
        """The session."""
        found: UUID = self.seat.row["id"]
        return found

    @property
    def participant_id(self) -> UUID:
        """Whose connection it is."""
        return self.seat.participant_id

    def next_turn(self) -> int:
        """The number of a look that begins now."""
        self._turns += 1
        return self._turns

    def overtaken(self, seat: Seat, turn: int) -> bool:
        """Whether a later look, or a newer place, was shown before this one; it counts as shown otherwise."""
        if self.seen and (turn < self._shown or seat.row["version"] < self.seat.row["version"]):
            return True
        self._shown = turn
        return False

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell the participant this, soon; whoever does not read what is sent is hung up on."""
        try:
            self._out.put_nowait(orjson.dumps(message, default=str).decode())
        except asyncio.QueueFull:
            self.end(Close.SLOW, "you do not read what is sent to you")

    def end(self, code: Close, reason: str) -> None:
        """Close the connection after what was sent before."""
        if not self.closed:
            self.closed = True
            if self._out.full():
                self._out.get_nowait()
            self._out.put_nowait(Ended(code, reason))

    async def write(self) -> None:
        """Send what waits, until the end."""
        try:
            while True:
                match await self._out.get():
                    case Ended() as ended:
                        return await self._close(ended)
                    case str() as text:
                        await self.websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):  # the other side went first
            return None

    async def _close(self, ended: Ended) -> None:
        if self.websocket.application_state is WebSocketState.CONNECTED:
            await self.websocket.close(ended.code, ended.reason)

    async def messages(self) -> AsyncIterator[Message]:
        """What the participant sends. Raises Ended for what breaks the rules."""
        loop = asyncio.get_running_loop()
        while (received := await self.websocket.receive())["type"] != "websocket.disconnect":
            if not self._bucket.takes(loop.time()):
                raise Ended(Close.FLOOD, "too many messages at once")
            yield _read(received)


def _read(received: Mapping[str, Any]) -> Message:
    text = received.get("text")
    if text is None:
        raise Ended(Close.BINARY, "only text is understood")
    if len(text.encode()) > MESSAGE_LIMIT:
        raise Ended(Close.TOO_BIG, f"a message has at most {MESSAGE_LIMIT} bytes")
    try:
        return message_in(text)
    except ValueError:
        raise Ended(Close.MALFORMED, "this is no message of the protocol") from None
