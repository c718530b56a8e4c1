"""Hands for tests of access: reports, grants by the events of others, and readers of every kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.examples import NOON, minutes, new_report, recorded
from tests.system import System
from vpr_events.contracts.case import CaseClaimed, CaseClosed, CaseReleased, CloseReason, ReleaseReason
from vpr_events.contracts.dispatch import DispatchCompleted, DispatchRequested
from vpr_events.contracts.session import SessionCreated, SessionExpired
from vpr_events.contracts.values import Capability, Role
from vpr_events.event import Event, Recorded, derived_id, new_id
from vpr_service.auth import Principal, principal

REASON = {"reason": "welfare_check", "text": "A neighbour of Quillon Zzyzxwood called, worried."}
"""What somebody says who breaks the glass; the text is personal."""


async def file_report(system: System) -> UUID:
    """A report full of personal data: its id."""
    answer = await system["intake"].post("/v1/reports", json=new_report(), headers=system.as_(Role.OFFICER))
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@dataclass
class Person:
    """A member of staff in front of intake."""

    system: System
    role: Role = Role.OFFICER
    id: UUID = field(default_factory=uuid4)

    def headers(self) -> dict[str, str]:
        """Whoever they are, with a fresh Idempotency-Key."""
        return self.system.as_(self.role, subject=self.id)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """Read."""
        return await self.system["intake"].get(path, params=params or None, headers=self.headers())

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Act."""
        sent = self.headers() | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.system["intake"].post(path, json=body, headers=sent)

    async def reads(self, report: UUID) -> httpx.Response:
        """Ask for the particulars of a report."""
        return await self.get(f"/v1/reports/{report}")

    async def breaks_glass(self, report: UUID, **headers: str) -> httpx.Response:
        """Give a reason instead of a claim."""
        return await self.post(f"/v1/reports/{report}/break-glass", REASON, **headers)


@contextmanager
def as_service(
    system: System, service: str, acting_for: UUID | None = None, purpose: str | None = None
) -> Iterator[None]:
    """Every caller of intake is this service, perhaps acting for an officer."""
    caller = Principal(
        derived_id(UUID(int=0), service), frozenset({Role.SERVICE}), service=service, acting_for=acting_for,
        purpose=purpose,
    )  # fmt: skip
    overrides = system.apps["intake"].dependency_overrides
    overrides[principal] = lambda: caller
    try:
        yield
    finally:
        del overrides[principal]


@dataclass
class Others:
    """What triage, video and dispatch tell of one report, each in its own stream's order."""

    system: System
    report: UUID
    last: dict[str, Recorded] = field(default_factory=dict)

    async def tell(self, stream: str, event: Event) -> None:
        """Publish the next event of a stream and wait until intake took it in."""
        entity, after = derived_id(self.report, stream), self.last.get(stream)
        at = NOON + minutes(sum(one.version for one in self.last.values()))
        self.last[stream] = recorded(event, entity=entity, report=self.report, at=at, after=after)
        await self.system.servers.publish(self.last[stream])
        await self.system.took_in("intake", self.last[stream])

    async def claimed(self, officer: UUID) -> None:
        """The officer holds the case; the lease is long over, which is for triage to tell."""
        await self.tell("case", CaseClaimed(officer_id=officer, lease_until=NOON))

    async def released(self, officer: UUID, reason: ReleaseReason = ReleaseReason.RELEASED) -> None:
        """The officer holds it no more."""
        await self.tell("case", CaseReleased(officer_id=officer, reason=reason))

    async def closed(self) -> None:
        """The case is closed."""
        await self.tell("case", CaseClosed(reason=CloseReason.RESOLVED))

    async def meets(self) -> None:
        """A session waits for the resident."""
        ids = {"request_id": new_id(), "case_id": new_id(), "report_id": self.report, "officer_id": new_id()}
        await self.tell("session", SessionCreated(**ids, expires_at=NOON))

    async def met(self) -> None:
        """The session is over."""
        await self.tell("session", SessionExpired())

    async def needs_unit(self) -> None:
        """A dispatch of the report is open."""
        ids = {"case_id": new_id(), "report_id": self.report, "assessment_id": new_id()}
        await self.tell("dispatch", DispatchRequested(**ids, capabilities=(Capability.PATROL,)))

    async def unit_done(self) -> None:
        """The dispatch is completed."""
        await self.tell("dispatch", DispatchCompleted())


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:vpr:problem:")
