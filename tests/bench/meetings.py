"""Meetings for measurements: a video service as a process of its own, with officer and resident in each session."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.examples import recorded
from tests.processes import Separate, separate_services, service_process
from tests.waiting import until
from vpr.home import AUDIENCE, KEY
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.case import CaseVideoRequested
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_events.log import EventLog, Outgoing
from vpr_service.issuer import DevelopmentIssuer
from vpr_video.domain.session import session_id

AT_ONCE = 8


@dataclass(frozen=True)
class Meeting:
    """A session, its officer, and by what its resident is known."""

    id: UUID
    officer: dict[str, str]
    resident: dict[str, str]
    resident_id: str


@dataclass
class Video:
    """The service, its issuer, and a way to ask."""

    system: Separate
    issuer: DevelopmentIssuer
    client: httpx.AsyncClient

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.system.url("video")

    async def sessions(self, count: int) -> list[tuple[UUID, dict[str, str]]]:
        """So many sessions that wait, each with its officer's headers."""
        officers = [new_id() for _ in range(count)]
        requests = [new_id() for _ in range(count)]
        log = EventLog(self.system.embedded.endpoints.nats_url, *self.system.embedded.endpoints.nats_users["admin"])
        await log.connect()
        try:
            for request, officer in zip(requests, officers, strict=True):
                asked = CaseVideoRequested(request_id=request, report_id=new_id(), officer_id=officer)
                event = recorded(asked, entity=new_id(), report=asked.report_id)
                await log.publish([Outgoing(subject_of(event.type), headers_of(event), event.body)])
        finally:
            await log.close()
        made = [(session_id(request), self._as(officer)) for request, officer in zip(requests, officers, strict=True)]
        for session, headers in made:
            await self._there(session, headers)
        return made

    def _as(self, officer: UUID) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token([Role.OFFICER], subject=officer)}"}

    async def _there(self, session: UUID, headers: dict[str, str]) -> None:
        async def there() -> bool:
            return (await self.client.get(f"/v1/sessions/{session}", headers=headers)).is_success

        await until(there, 60)

    async def meetings(self, count: int) -> Sequence[Meeting]:
        """So many sessions with an officer and a resident who was let in."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(session: UUID, officer: dict[str, str]) -> Meeting:
            async with turn:
                return await self._met(session, officer)

        return await asyncio.gather(*(one(*made) for made in await self.sessions(count)))

    async def _met(self, session: UUID, officer: dict[str, str]) -> Meeting:
        base = f"/v1/sessions/{session}"
        link = (await self.post(f"{base}/invitations", officer))["link"]
        joined = await self.post("/v1/join", {}, {"token": link.rpartition("/")[2]})
        await self.post(f"{base}/participants", officer)
        await self.post(f"{base}/participants/{joined['participant_id']}/admission", officer)
        resident = {"Authorization": f"Participant {joined['participant_token']}"}
        return Meeting(session, officer, resident, joined["participant_id"])

    async def post(self, path: str, headers: dict[str, str], body: object = None) -> Any:
        """Ask for something: the answer."""
        answer = await self.client.post(path, headers=headers | {"Idempotency-Key": uuid4().hex}, json=body or {})
        assert answer.is_success, answer.text
        return answer.json()


@contextmanager
def video_alone(folder: Path, issuer: str = "", **environment: str) -> Iterator[Separate]:
    """Video as a process of its own, with fsync. ``issuer`` is where it gets tokens for itself, and ours come from."""
    with separate_services(folder, [], fsync=True) as system:
        named = {"OIDC_ISSUER": issuer} if issuer else {}
        process = service_process("video", system.home, system.embedded.endpoints, folder, **named, **environment)
        system.processes["video"] = process
        process.start()
        yield system


@asynccontextmanager
async def asking(system: Separate, issuer: str = "") -> AsyncIterator[Video]:
    """Hands on it."""
    own = DevelopmentIssuer.at(system.home.folder / KEY, issuer or system.home.issuer_name, AUDIENCE)
    async with httpx.AsyncClient(base_url=system.url("video"), timeout=60) as client:
        yield Video(system, own, client)
