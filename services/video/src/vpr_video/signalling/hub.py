"""The connections of this process, by session, and what passes between them and those of other replicas.

Whoever is at this process hears the others of it without the broker. What must last (consent, admission, the end) is an
event, of which every replica hears by PostgreSQL's NOTIFY.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import structlog

from vpr_events.outages import is_outage
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_video.domain.commands import Interrupt
from vpr_video.media.server import MediaServer
from vpr_video.media.ways import Way, way_of
from vpr_video.seats import Seat, run, seat_in
from vpr_video.settings import Settings
from vpr_video.signalling import record
from vpr_video.signalling.lines import Close, Line
from vpr_video.signalling.presence import BEAT, Presence
from vpr_video.signalling.replicas import Replicas
from vpr_video.signalling.serving import Serving
from vpr_video.signalling.views import ice_view, session_view

GAP = (Close.RENEW, "the replicas did not hear each other: come again")

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Hub:
    """This process's connections; a worker that listens to the other replicas."""

    runtime: Runtime
    server: MediaServer | None = None
    beat: float = BEAT
    _replicas: Replicas = field(init=False)
    _serving: Serving = field(init=False)
    _lines: dict[UUID, list[Line]] = field(default_factory=dict)
    _elsewhere: Presence = field(default_factory=Presence)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._replicas = Replicas(self.runtime.log)
        self._serving = Serving(self.runtime, self.way, self.settings.drop_after)
        if self.server is not None:
            self.server.changed, self.server.online, self.server.failed = self.served, self.online, self._serving.failed

    @property
    def settings(self) -> Settings:
        """The service's."""
        return cast("Settings", self.runtime.settings)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen and tell who is here until ``stop``, then send everyone away to another replica."""
        subscription = None
        try:
            if await self.runtime.log.until_connected(stop):
                subscription = await self._replicas.listen(self._heard)
                self._end_all(*GAP)  # whoever was here before has not been heard elsewhere
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self.beat)
                await self._keep_up()
        finally:
            if subscription and self._replicas.reached:
                await subscription.unsubscribe()
            self._end_all(Close.RESTART, "the service starts anew: come back")

    async def _keep_up(self) -> None:
        missed = self._replicas.missed_something()
        if missed or not self._replicas.reached:
            self._elsewhere.hold(_steady())
        if missed:
            self._end_all(*GAP)
        for session in list(self._lines):
            await self._tell_here(session)
        for session, who in self._elsewhere.lapsed(_steady()):
            self.soon(self.missed(session, who))
            self.soon(self.refresh(session))

    def _end_all(self, code: Close, reason: str) -> None:
        for line in [line for lines in self._lines.values() for line in lines]:
            line.end(code, reason)

    # Who is there

    async def enter(self, line: Line) -> None:
        """A participant is connected; an earlier connection of theirs ends, wherever it is."""
        session = line.session_id
        self._replace(session, line.participant_id)
        self._lines.setdefault(session, []).append(line)
        await self._tell_here(session, came=line.participant_id)
        await self.refresh(session)

    async def leave(self, line: Line) -> None:
        """A connection is over."""
        line.closed = True
        session = line.session_id
        lines = self._lines.get(session, [])
        if line in lines:
            lines.remove(line)
        if not lines:
            self._lines.pop(session, None)
        if self.server is not None:
            self.server.left(line)
        await self._tell_here(session)
        await self.refresh(session)

    def online(self, session: UUID) -> frozenset[UUID]:
        """Who is connected, here or at another replica."""
        here = frozenset(line.participant_id for line in self._lines.get(session, []) if not line.closed)
        return here | self._elsewhere.of(session, _steady())

    async def missed(self, session: UUID, who: UUID) -> None:
        """Whoever is nowhere after a while broke the connection. Any replica that notices says so; once counts."""
        await asyncio.sleep(self.settings.drop_after)
        if self.runtime.closing.is_set() or who in self.online(session):
            return
        if (seat := await seat_in(session, who, self.runtime)) is not None:
            await run(Interrupt(at=self.runtime.now(), participant_id=who), seat, self.runtime)

    def _replace(self, session: UUID, participant: UUID) -> None:
        for line in self._lines.get(session, []):
            if line.participant_id == participant:
                line.end(Close.REPLACED, "the call was opened at another place")

    async def _tell_here(self, session: UUID, **more: object) -> None:
        """Tell the other replicas who is here."""
        who = [line.participant_id for line in self._lines.get(session, []) if not line.closed]
        told = {"kind": "here", "who": who, "closing": self.runtime.closing.is_set(), "served": self._served}
        await self._replicas.tell(session, told | more)

    # What changes

    async def refresh(self, session: UUID) -> None:
        """Look at everyone's place anew and tell each what they may know."""
        lines = [line for line in self._lines.get(session, []) if not line.closed]
        await asyncio.gather(*(self._look_at(line) for line in lines))
        await self._look_at_who_is_away(session)

    async def _look_at_who_is_away(self, session: UUID) -> None:
        """Those whose picture goes on while their page is not connected may have been shown out meanwhile."""
        for who in self.server.away(session) if self.server is not None else ():
            try:
                seat = await seat_in(session, who, self.runtime)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("signalling waits for the database", error=type(error).__name__)
            else:
                if seat is not None and self.server is not None:
                    self.server.look(seat)

    async def _look_at(self, line: Line) -> None:
        turn = line.next_turn()
        try:
            self._show(line, await line.look(), turn)
            await record.catch_up(line, self.runtime)
        except Problem as problem:
            line.end(Close.FORBIDDEN, problem.code)
            self.soon(self._serving.refused(line.session_id, line.participant_id))
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("signalling waits for the database", error=type(error).__name__)  # the call itself goes on

    def _show(self, line: Line, seat: Seat | None, turn: int) -> None:
        if seat is None:
            return line.end(Close.FORBIDDEN, "not_in_session")
        if line.overtaken(seat, turn):
            return None
        newly = seat.inside and not (line.seen and line.seat.inside)
        line.behind = line.behind or newly
        line.seat, line.seen, before = seat, True, line.way
        if seat.inside and (newly or self.way(seat) != before):
            line.send(ice_view(seat, self.settings))
        line.way = self.way(seat)
        if self.server is not None:
            self.server.seen(line)
        if self._serving.strays(seat):
            self.soon(self._serving.stray(seat))
        line.send(session_view(seat, self.online(line.session_id)) | self._media(seat))
        if seat.over:
            line.end(Close.OVER, "the session is over")
        elif not seat.present:
            line.end(Close.LEFT, "you left the session")
        return None

    async def refresh_case(self, case: UUID) -> None:
        """Somebody else holds a case."""
        for session, lines in list(self._lines.items()):
            if any(line.seat.row["case_id"] == case for line in lines):
                await self.refresh(session)

    def refresh_all(self) -> None:
        """Look at every session anew."""
        for session in self._lines:
            self.soon(self.refresh(session))

    # The media server

    @property
    def _served(self) -> bool:
        return self.server is not None and self.server.up

    @property
    def _served_since(self) -> str:
        return self.server.run_id if self.server is not None else ""

    def _media(self, seat: Seat) -> dict[str, str]:
        records = "media_server" if self.records(seat) else "page"
        return {"media": self.way(seat), "media_run": self._served_since, "records": records}

    def records(self, seat: Seat) -> bool:
        """Whether the media server can record a session now."""
        return self.server is not None and self.server.recordings is not None and self.way(seat) == "server"

    def way(self, seat: Seat) -> Way:
        """Which way picture and sound go in a session."""
        up = self._served and self._elsewhere.served(seat.row["id"], _steady())
        return way_of(self.settings.media, seat, up=up)

    def served(self) -> None:
        """The media server came or went."""
        for session in self._lines:
            self.soon(self._tell_here(session))
        self.refresh_all()

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside what runs now; what goes wrong is logged."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("signalling", exc_info=error)

    # What passes

    async def pass_on(self, line: Line, message: Mapping[str, Any]) -> None:
        """Bring a message of one who is in the call to the one it is for, or to everyone else in it."""
        whole = {**message, "from": line.participant_id}
        self._deliver(line.session_id, whole)
        await self._replicas.tell(line.session_id, {"kind": "pass", "message": whole})

    def _deliver(self, session: UUID, message: Mapping[str, Any]) -> None:
        wanted, sender = _uuid(message.get("to")), _uuid(message["from"])
        for line in self._lines.get(session, []):
            meant = line.participant_id == wanted if wanted else line.participant_id != sender
            if meant and line.seat.inside and not line.closed:
                line.send(message)

    async def _heard(self, session: UUID, told: Mapping[str, Any]) -> None:
        if told["kind"] == "pass":
            self._deliver(session, told["message"])
        else:
            await self._heard_who(session, told)

    async def _heard_who(self, session: UUID, told: Mapping[str, Any]) -> None:
        if came := told.get("came"):
            self._replace(session, UUID(came))
            if session in self._lines:
                await self._tell_here(session)
        served = self._elsewhere.served(session, _steady())
        self._elsewhere.serve(told["process"], up=told.get("served", False))
        changed = self._elsewhere.tell(session, told["process"], map(UUID, told["who"]), _steady())
        if changed or served != self._elsewhere.served(session, _steady()):
            await self.refresh(session)
        for who in changed - self.online(session) if told.get("closing") else ():
            self.soon(self.missed(session, who))  # a replica that ends looks after nobody


def _steady() -> float:
    return asyncio.get_running_loop().time()


def _uuid(value: object) -> UUID | None:
    return UUID(value) if isinstance(value, str) else value if isinstance(value, UUID) else None


def hub_of(runtime: Runtime) -> Hub:
    """The hub among the service's workers."""
    return runtime.worker(Hub)
