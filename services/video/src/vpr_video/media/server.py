"""The worker that keeps the connection to Janus, and who attends rooms by it from this process."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

import structlog

from vpr_video.media.attendance import Attendance, Leg
from vpr_video.media.janus import Janus, JanusAway, JanusRefused
from vpr_video.media.recorder import Failed, Recorder
from vpr_video.media.recordings import Recordings
from vpr_video.media.rooms import Room, remove_empty_rooms
from vpr_video.seats import Seat
from vpr_video.signalling.lines import Line
from vpr_video.signalling.messages import ServerCandidate, ServerDescription, ServerReady

LINGER = 20.0
"""Seconds that a participant's legs stand while their page is not connected to us."""

AGAIN = 1.0
"""Seconds between two tries to reach Janus."""

SWEEP = 60.0

log = structlog.get_logger(__name__)

type Key = tuple[UUID, UUID]


async def unheard(_: UUID) -> None:
    """Nobody is told."""


@dataclass(eq=False)
class MediaServer:
    """``changed`` is called when Janus came or went; ``run_id`` names the time since.

    Where Janus records, ``recordings`` is the folder, ``online`` tells who of a session is connected, and ``failed`` is
    told of an item for which it cannot record.
    """

    url: str
    secret: str
    recordings: Recordings | None = None
    changed: Callable[[], None] = lambda: None
    online: Callable[[UUID], Iterable[UUID]] = lambda _: ()
    failed: Failed = unheard
    up: bool = False
    run_id: str = ""
    _trouble: str = ""
    _janus: Janus = field(init=False)
    _there: dict[Key, Attendance] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._janus = Janus(self.url, self.secret)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep connected until ``stop``. Janus keeps what it has for a while then: pictures outlive this process."""
        working = asyncio.create_task(self._keep())
        await stop.wait()
        for task in (working, *self._running):
            task.cancel()
        await asyncio.gather(working, *self._running, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            try:
                await self._connected()
            except (JanusAway, JanusRefused) as error:
                if str(error) != self._trouble:
                    log.warning("the media server is away", error=str(error))
                self._trouble = str(error)
            await asyncio.sleep(AGAIN)

    async def _connected(self) -> None:
        async with self._janus.connected() as kept:
            if not kept:
                for attendance in self._there.values():
                    attendance.forget()
            self._trouble = ""
            self._tell(up=True)
            sweeping = asyncio.create_task(self._sweep())
            try:
                await self._janus.until_lost()
            finally:
                sweeping.cancel()
                self._tell(up=False)

    def _tell(self, *, up: bool) -> None:
        self.up, self.run_id = up, uuid4().hex[:12]
        self.changed()

    async def _sweep(self) -> None:
        with suppress(JanusAway, JanusRefused):
            handle = await self._janus.attach()
            while True:
                await remove_empty_rooms(self._janus, handle)
                await asyncio.sleep(SWEEP)

    # Who attends

    def take(self, line: Line, message: ServerReady | ServerDescription | ServerCandidate) -> None:
        """What a participant's page says of its legs."""
        attendance = self._of(line)
        match message:
            case ServerReady(legs=legs):
                attendance.soon(partial(attendance.ready, frozenset(legs)))
            case ServerDescription(leg=leg, description=description):
                attendance.soon(partial(attendance.described, leg, description.model_dump()))
            case ServerCandidate(leg=leg, candidate=candidate):
                told = candidate.model_dump(exclude_none=True) if candidate else None
                attendance.soon(partial(attendance.found, leg, told))

    def _of(self, line: Line) -> Attendance:
        key = (line.session_id, line.participant_id)
        found = self._there.get(key)
        if found is None or found.closed:
            found = self._there[key] = Attendance(self._janus, line, *key, self._recorder(line.session_id))
            found.want(line.seat, self.online(line.session_id))
            task = asyncio.create_task(found.run())
            self._running.add(task)
            task.add_done_callback(self._ended)
        found.line = line
        return found

    def _recorder(self, session: UUID) -> Recorder[Leg] | None:
        if self.recordings is None:
            return None
        return Recorder(self.recordings, Room(self._janus, session), self.failed)

    def seen(self, line: Line) -> None:
        """The participant's place was looked at: whoever is not in the call any more has no part in its room."""
        if found := self._there.get((line.session_id, line.participant_id)):
            if not line.seat.inside or line.seat.over:
                self._close(found)
            elif found.line is line:
                found.want(line.seat, self.online(line.session_id))
                found.soon(found.reconcile)

    def left(self, line: Line) -> None:
        """The participant's connection to us is over: they may be back."""
        found = self._there.get((line.session_id, line.participant_id))
        if found is not None and found.line is line:
            found.line = None
            asyncio.get_running_loop().call_later(LINGER, self._perhaps_close, found)

    def away(self, session: UUID) -> list[UUID]:
        """Whose legs stand in a session although their page is not connected."""
        return [who for (of, who), one in self._there.items() if of == session and one.line is None]

    def look(self, seat: Seat) -> None:
        """The place of one who is away."""
        found = self._there.get((seat.row["id"], seat.participant_id))
        if found is None:
            return
        if seat.over or not seat.inside:
            self._close(found)
        else:
            found.want(seat, self.online(seat.row["id"]))
            found.soon(found.record)

    def _perhaps_close(self, attendance: Attendance) -> None:
        if attendance.line is None:
            self._close(attendance)

    def _close(self, attendance: Attendance) -> None:
        attendance.close()
        key = (attendance.session_id, attendance.participant_id)
        if self._there.get(key) is attendance:
            del self._there[key]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("media server", exc_info=error)
