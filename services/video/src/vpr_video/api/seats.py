"""In which session a caller is, and as whom: residents by their credential, staff by who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from starlette.requests import HTTPConnection

from vpr_events.contracts.session import Participant
from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime
from vpr_video import queries
from vpr_video.api.callers import Actor, acts_on, session_row
from vpr_video.credentials import not_joined, token_in
from vpr_video.domain.session import session
from vpr_video.schemas import Call
from vpr_video.tokens import digest_of


@dataclass(frozen=True)
class Seat:
    """A participant's place: the rows of the session and of everyone who came to it.

    ``acts``: whether it is a member of staff who acts on the session now.
    """

    row: dict[str, Any]
    people: Sequence[dict[str, Any]]
    participant_id: UUID
    acts: bool

    @property
    def person(self) -> dict[str, Any]:
        """The participant's own row."""
        return next(one for one in self.people if one["participant_id"] == self.participant_id)

    @property
    def present(self) -> bool:
        """Whether they are there, perhaps in the waiting room."""
        return self.person["left_at"] is None

    @property
    def inside(self) -> bool:
        """Whether they were let in."""
        return self.present and self.person["admitted_at"] is not None

    def shown(self, response: Response) -> Call:
        """The participant's own view."""
        private(response, self.row["version"])
        person = self.person
        return Call(
            session_id=self.row["id"],
            participant_id=self.participant_id,
            kind=person["kind"],
            status=self.row["status"],
            mode=self.row["mode"],
            admitted=self.inside,
            present=self.present,
            consents=sorted(person["consents"]),
        )


async def seat_in(session_id: UUID, participant_id: UUID, runtime: Runtime, acts: bool = False) -> Seat | None:
    """A participant's place as it is now; None for who never came."""
    row = await session_row(session_id, runtime)
    async with runtime.reading() as connection:
        people = await queries.people_of(connection, session_id)
    known = any(one["participant_id"] == participant_id for one in people)
    return Seat(row, people, participant_id, acts) if known else None


async def resident_seat(request: HTTPConnection, runtime: Running) -> Seat:
    """The place of whoever has a participant's credential. Raises Problem 401 or 403."""
    async with runtime.reading() as connection:
        known = await queries.credential_of(connection, digest_of(token_in(request)))
    seat = await seat_in(known["session_id"], known["participant_id"], runtime) if known else None
    if seat is None:
        raise not_joined()
    return seat


async def staff_seat(session_id: UUID, caller: Actor, runtime: Running) -> Seat:
    """The place of a member of staff who came in. An officer's counts while they hold the case.

    Raises Problem 403 or 404.
    """
    acts = acts_on(await session_row(session_id, runtime), caller)
    seat = await seat_in(session_id, caller.id, runtime, acts)
    if seat is None or not seat.present:
        raise Problem(403, "not_in_session", "join the session first")
    if seat.person["kind"] == Participant.OFFICER and not acts:
        raise Problem(403, "not_your_session", "only the officer who holds the case, or a supervisor, may do this")
    return seat


ResidentSeat = Annotated[Seat, Depends(resident_seat)]
StaffSeat = Annotated[Seat, Depends(staff_seat)]


async def done(command: Command, seat: Seat, runtime: Runtime) -> Seat:
    """Run a command of a participant's: the place as it is then."""
    row = seat.row
    execution = Execution(decider=session, entity=row["id"], command=command, correlation_id=row["report_id"])
    await runtime.pipeline.execute(execution)
    after = await seat_in(row["id"], seat.participant_id, runtime, seat.acts)
    if after is None:
        raise not_joined()
    return after
