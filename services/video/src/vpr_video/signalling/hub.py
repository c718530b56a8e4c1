"""The connections of this process, by session, and what passes between them and those of other replicas.

Replicas tell each other over core NATS, which keeps nothing; whoever is at this process hears it without the broker.
What must last (consent, admission, the end) is an event, of which every replica hears by PostgreSQL's NOTIFY.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
import structlog

from vpr_events.outages import LogUnavailable, is_outage
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_service.streams import Feed
from vpr_video.domain.commands import Interrupt
from vpr_video.seats import Seat, run, seat_in
from vpr_video.settings import Settings
from vpr_video.signalling import record
from vpr_video.signalling.lines import Close, Line
from vpr_video.signalling.presence import BEAT, Presence
from vpr_video.signalling.views import session_view

SUBJECT = "video.signal."
GAP = (Close.RENEW, "the replicas did not hear each other: come again")

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Hub:
    """This process's connections; a worker that listens to the other replicas."""

    runtime: Runtime
    process: str = field(default_factory=lambda: uuid4().hex[:12])
    beat: float = BEAT
    _lines: dict[UUID, list[Line]] = field(default_factory=dict)
    _elsewhere: Presence = field(default_factory=Presence)
    _gaps: int = 0
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen and tell who is here until ``stop``, then send everyone away to another replica."""
        subscription = None
        try:
            if await self.runtime.log.until_connected(stop):
                subscription = await self.runtime.log.listen(f"{SUBJECT}>", self._heard)
                self._end_all(*GAP)  # whoever was here before has not been heard elsewhere
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self.beat)
                self._look_for_gaps()
                for session in list(self._lines):
                    await self._tell(session, self._here(session))
                for session, who in self._elsewhere.lapsed(_steady()):
                    self.soon(self.missed(session, who))
                    self.soon(self.refresh(session))
        finally:
            if subscription and self.runtime.log.connected:
                await subscription.unsubscribe()
            self._end_all(Close.RESTART, "the service starts anew: come back")

    def _look_for_gaps(self) -> None:
        """What other replicas told while the broker was away is lost: pages that come again are told it anew."""
        gaps, there = self.runtime.log.reconnects, self.runtime.log.connected
        if gaps != self._gaps or not there:
            self._elsewhere.hold(_steady())
        if gaps != self._gaps and there:
            self._gaps = gaps
            self._end_all(*GAP)

    def _end_all(self, code: Close, reason: str) -> None:
        for line in [line for lines in self._lines.values() for line in lines]:
            line.end(code, reason)

    # Who is there

    async def enter(self, line: Line) -> None:
        """A participant is connected; an earlier connection of theirs ends, wherever it is."""
        session = line.session_id
        self._replace(session, line.participant_id)
        self._lines.setdefault(session, []).append(line)
        await self._tell(session, self._here(session) | {"came": line.participant_id})
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
        await self._tell(session, self._here(session))
        await self.refresh(session)

    def online(self, session: UUID) -> frozenset[UUID]:
        """Who is connected, here or at another replica."""
        here = frozenset(line.participant_id for line in self._lines.get(session, []) if not line.closed)
        return here | self._elsewhere.of(session, _steady())

    async def missed(self, session: UUID, who: UUID) -> None:
        """Whoever is nowhere after a while broke the connection. Any replica that notices says so; once counts."""
        settings = cast("Settings", self.runtime.settings)
        await asyncio.sleep(settings.drop_after)
        if self.runtime.closing.is_set() or who in self.online(session):
            return
        if (seat := await seat_in(session, who, self.runtime)) is not None:
            await run(Interrupt(at=self.runtime.now(), participant_id=who), seat, self.runtime)

    def _replace(self, session: UUID, participant: UUID) -> None:
        for line in self._lines.get(session, []):
            if line.participant_id == participant:
                line.end(Close.REPLACED, "the call was opened at another place")

    def _here(self, session: UUID) -> dict[str, Any]:
        """What other replicas are told."""
        who = [line.participant_id for line in self._lines.get(session, []) if not line.closed]
        return {"kind": "here", "who": who, "closing": self.runtime.closing.is_set()}

    # What changes

    async def refresh(self, session: UUID) -> None:
        """Look at everyone's place anew and tell each what they may know."""
        online = self.online(session)
        for line in list(self._lines.get(session, [])):
            if not line.closed:
                await self._look_at(line, online)

    async def _look_at(self, line: Line, online: frozenset[UUID]) -> None:
        try:
            seat = await line.look()
            newly = seat is not None and seat.inside and not (line.seen and line.seat.inside)
            past = await record.past(line.session_id, self.runtime) if newly else None
        except Problem as problem:
            line.end(Close.FORBIDDEN, problem.code)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("signalling waits for the database", error=type(error).__name__)  # the call itself goes on
        else:
            self._show(line, seat, online, past)

    def _show(self, line: Line, seat: Seat | None, online: frozenset[UUID], past: Mapping[str, Any] | None) -> None:
        if seat is None:
            return line.end(Close.FORBIDDEN, "not_in_session")
        if line.seen and seat.row["version"] < line.seat.row["version"]:
            return None  # a look that began before one that was shown already
        line.seat, line.seen = seat, True
        line.send(session_view(seat, online))
        if past is not None:
            line.send(past)
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
        await self._tell(line.session_id, {"kind": "pass", "message": whole})

    def _deliver(self, session: UUID, message: Mapping[str, Any]) -> None:
        wanted, sender = _uuid(message.get("to")), _uuid(message["from"])
        for line in self._lines.get(session, []):
            meant = line.participant_id == wanted if wanted else line.participant_id != sender
            if meant and line.seat.inside and not line.closed:
                line.send(message)

    async def _tell(self, session: UUID, told: Mapping[str, Any]) -> None:
        """Tell the other replicas; without a broker there are none to us, and pages negotiate anew when it is back."""
        body = orjson.dumps({**told, "process": self.process}, default=str)
        try:
            await self.runtime.log.tell(SUBJECT + session.hex, body)
        except LogUnavailable:
            log.debug("no broker for signalling")

    async def _heard(self, subject: str, body: bytes) -> None:
        told, session = orjson.loads(body), UUID(subject.removeprefix(SUBJECT))
        if told["process"] == self.process:
            return
        if told["kind"] == "pass":
            self._deliver(session, told["message"])
        else:
            await self._heard_who(session, told)

    async def _heard_who(self, session: UUID, told: Mapping[str, Any]) -> None:
        if came := told.get("came"):
            self._replace(session, UUID(came))
            if session in self._lines:
                await self._tell(session, self._here(session))
        changed = self._elsewhere.tell(session, told["process"], map(UUID, told["who"]), _steady())
        if changed:
            await self.refresh(session)
        for who in changed - self.online(session) if told.get("closing") else ():
            self.soon(self.missed(session, who))  # a replica that ends looks after nobody


@dataclass
class Changes(Feed):
    """What PostgreSQL told this process: hands it to the hub."""

    hub: Hub | None = None

    def tell(self, event: str, data: Any) -> None:
        """A session changed, or who holds a case."""
        if self.hub is not None:
            changed = self.hub.refresh(UUID(data["session"])) if event == "session" else None
            self.hub.soon(changed or self.hub.refresh_case(UUID(data["case"])))

    def restart(self) -> None:
        """Something may have been missed."""
        if self.hub is not None:
            self.hub.refresh_all()


def _steady() -> float:
    return asyncio.get_running_loop().time()


def _uuid(value: object) -> UUID | None:
    return UUID(value) if isinstance(value, str) else value if isinstance(value, UUID) else None


def hub_of(runtime: Runtime) -> Hub:
    """The hub among the service's workers."""
    return next(worker for worker in runtime.workers if isinstance(worker, Hub))
