"""A participant's connection from its beginning to its end."""

import asyncio
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vpr_events.contracts.session import Participant
from vpr_events.decider import Refused
from vpr_events.outages import RecoveryNeeded
from vpr_events.store import Conflict
from vpr_service.problems import problem_of
from vpr_video.domain.commands import ChangeMode, Connect, Interrupt
from vpr_video.seats import run
from vpr_video.settings import Settings
from vpr_video.signalling import record
from vpr_video.signalling.filtering import without_addresses
from vpr_video.signalling.hub import Hub
from vpr_video.signalling.lines import Close, Ended, Line
from vpr_video.signalling.messages import (
    Chat,
    ForServer,
    Ladder,
    Media,
    Message,
    Ping,
    ServerCandidate,
    ServerDescription,
    ServerReady,
)

CLOSING = 5.0
"""Seconds that a participant has to take what was sent before the end."""

LIFETIME = 900.0
"""Seconds after which a connection ends: the page comes again, and who it is and may is looked at anew."""


@dataclass
class Talk:
    """One connection with what it may do."""

    hub: Hub
    line: Line

    @property
    def settings(self) -> Settings:
        """The service's."""
        return cast("Settings", self.hub.runtime.settings)

    async def hold(self) -> None:
        """Take part until either side ends it."""
        writing = asyncio.create_task(self.line.write())
        try:
            await self.hub.enter(self.line)
            async with asyncio.timeout(LIFETIME):
                await self._listen()
        except TimeoutError:
            self.line.end(Close.RENEW, "come again, so that who you are is looked at anew")
        except Ended as ended:
            self.line.end(ended.code, ended.reason)
        finally:
            await self._finish(writing)

    async def _listen(self) -> None:
        async for message in self.line.messages():
            if not self.line.closed:
                await self._take(message)

    async def _finish(self, writing: asyncio.Task[None]) -> None:
        if self.line.closed:
            await asyncio.wait([writing], timeout=CLOSING)
        writing.cancel()
        self.hub.soon(self.hub.missed(self.line.session_id, self.line.participant_id))
        await self.hub.leave(self.line)

    async def _interrupt(self, who: UUID) -> None:
        await run(Interrupt(at=self.hub.runtime.now(), participant_id=who), self.line.seat, self.hub.runtime)

    async def _take(self, message: Message) -> None:
        if isinstance(message, Ping):
            return self.line.send({"type": "pong"})
        if not self.line.seat.inside:
            return self._refuse(message, "not_admitted")
        try:
            await self._act(message)
        except (Refused, RecoveryNeeded, Conflict, DBAPIError, PoolTimeout, OSError) as error:
            self._refuse(message, problem_of(error).code)

    def _refuse(self, message: Message, code: str) -> None:
        """Whoever wrote learns which line it is about."""
        line = {"id": message.id} if isinstance(message, Chat) else {}
        self.line.send({"type": "error", "code": code, **line})

    async def _act(self, message: Message) -> None:
        match message:
            case Chat():
                await self._write(message)
            case Media():
                await self._media(message)
            case Ladder():
                await self._step(message)
            case ServerReady() | ServerDescription() | ServerCandidate():
                self._serve(message)
            case _:
                await self._pass_on(message)

    async def _step(self, message: Ladder) -> None:
        seat = self.line.seat
        if not (seat.acts or seat.person["kind"] == Participant.RESIDENT):
            raise Refused("not_yours", "the officer and the resident say how they go on")
        await run(ChangeMode(at=self.hub.runtime.now(), mode=message.mode), seat, self.hub.runtime)

    async def _write(self, message: Chat) -> None:
        written = await record.keep(message, self.line.seat, self.hub.runtime)
        if written is None:
            return self.line.send(await record.past(self.line.session_id, self.hub.runtime))
        self.line.send(written)
        return await self.hub.pass_on(self.line, written)

    async def _media(self, message: Media) -> None:
        seat, now = self.line.seat, self.hub.runtime.now()
        if seat.person["kind"] != Participant.OFFICER:
            return
        if message.state == "lost" and message.lost:
            await self._interrupt(message.lost)
        if message.state == "connected":
            await run(Connect(at=now, mode=message.mode), seat, self.hub.runtime)

    def _serve(self, message: ForServer) -> None:
        """To the media server, which answers by this connection."""
        if self.hub.server is None or self.hub.way(self.line.seat) != "server":
            raise Refused("media_server_away", "this call does not go through the media server now")
        told = self._as_it_may_pass(message)
        if isinstance(told, ServerReady | ServerDescription | ServerCandidate):
            self.hub.server.take(self.line, told)

    def _as_it_may_pass(self, message: Message) -> Message | None:
        return without_addresses(message) if self.settings.ice_policy == "relay" else message

    async def _pass_on(self, message: Message) -> None:
        if (told := self._as_it_may_pass(message)) is not None:
            await self.hub.pass_on(self.line, told.model_dump(mode="json", exclude_none=True) | _null(told))


def _null(message: Message) -> dict[str, None]:
    """The null that says that no candidate follows is part of the message."""
    return {"candidate": None} if message.type == "candidate" and message.candidate is None else {}
