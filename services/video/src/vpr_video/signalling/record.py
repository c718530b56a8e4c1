"""What is written in a call is part of the session's record, in a table of personal data."""

from uuid import UUID

from vpr_events import locks
from vpr_events.decider import Refused
from vpr_events.event import stream_name
from vpr_service.runtime import Runtime
from vpr_video import queries
from vpr_video.erased import check_kept
from vpr_video.private import INSERT_CHAT
from vpr_video.seats import Seat
from vpr_video.settings import MOST_TOLD
from vpr_video.signalling.lines import Line
from vpr_video.signalling.messages import Chat
from vpr_video.signalling.views import chat_view


async def keep(message: Chat, seat: Seat, runtime: Runtime) -> dict[str, object] | None:
    """Store it: how it is told to everyone in the call. None for one that was stored before.

    Under the lock of the session's stream: it comes before the end, and is in the document of it, or not at all.
    Raises Refused: ``session_ended``, ``chat_full``, and ``erased`` for a report that was erased.
    """
    runtime.gate.check()
    session_id = seat.row["id"]
    row = {
        "id": message.id,
        "session_id": session_id,
        "report_id": seat.row["report_id"],
        "participant_id": seat.participant_id,
        "kind": seat.person["kind"],
        "text": message.text,
    }
    async with runtime.engine.begin() as connection:
        await locks.wait_for(connection, [stream_name("session", session_id)])
        if await queries.is_over(connection, session_id):
            raise Refused("session_ended", "this session has ended: nothing more is written in it")
        await check_kept(connection, row["report_id"])
        if await queries.lines_of(connection, session_id, MOST_TOLD) >= MOST_TOLD:
            raise Refused("chat_full", f"a session has at most {MOST_TOLD} lines")
        row["at"] = runtime.now()
        stored = await connection.execute(INSERT_CHAT, row)
    return chat_view(row) if stored.rowcount else None


async def catch_up(line: Line, runtime: Runtime) -> None:
    """Tell one who came (back) into the call, once, what was written before: the rest is told to them anyhow."""
    if line.behind and line.seat.inside and not line.closed:
        told = await past(line.session_id, runtime)
        if line.behind:
            line.behind = False
            line.send(told)


async def past(session_id: UUID, runtime: Runtime) -> dict[str, object]:
    """What was written in the session so far."""
    async with runtime.reading() as connection:
        rows = await queries.chat_of(connection, session_id)
    return {"type": "history", "messages": [chat_view(row) for row in rows]}
