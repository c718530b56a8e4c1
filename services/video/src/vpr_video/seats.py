"""A participant's place in a session, as it is at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vpr_events.contracts.session import Participant
from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_service.runtime import Runtime
from vpr_video import queries
from vpr_video.domain.session import session
from vpr_video.places import Place, place_of


@dataclass(frozen=True)
class Seat:
    """The rows of the session and of everyone who came to it, and whose place it is.

    ``acts``: whether it is a member of staff who acts on the session now. ``place``: where a resident waits. ``served``
    is the recording that the media server is to make: its id, and the participant_id for whom.
    """

    row: dict[str, Any]
    people: Sequence[dict[str, Any]]
    participant_id: UUID
    acts: bool = False
    place: Place | None = None
    served: dict[str, Any] | None = None

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

    @property
    def over(self) -> bool:
        """Whether the session is."""
        return self.row["ended_at"] is not None


async def seat_in(session_id: UUID, participant_id: UUID, runtime: Runtime, *, acts: bool = False) -> Seat | None:
    """A participant's place as it is now, all of it at one moment; None for who never came, or for no session."""
    async with runtime.reading() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        row = await queries.one_session(connection, session_id)
        people = await queries.people_of(connection, session_id)
        own = next((one for one in people if one["participant_id"] == participant_id), None)
        if row is None or own is None:
            return None
        waits = own["kind"] == Participant.RESIDENT and own["admitted_at"] is None and own["left_at"] is None
        place = await place_of(connection, row, own, runtime.now()) if waits and row["ended_at"] is None else None
        served = await queries.served_recording(connection, session_id) if row["recording"] else None
    return Seat(row, people, participant_id, acts, place, served)


async def run(command: Command, seat: Seat, runtime: Runtime) -> None:
    """Run a participant's command on the session."""
    row = seat.row
    execution = Execution(decider=session, entity=row["id"], command=command, correlation_id=row["report_id"])
    await runtime.pipeline.execute(execution)
