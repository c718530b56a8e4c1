"""Whether a service may write and follow the log: not while its database lacks what the log holds of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.outages import LogUnavailable, RecoveryNeeded
from vpr_events.tables import recoveries


class Reason(StrEnum):
    """Why a database must be recovered."""

    LOG_AHEAD = "log_ahead"
    RESTORED = "restored"


TEXTS = {
    Reason.LOG_AHEAD: "the event log holds events of this service that its database lacks",
    Reason.RESTORED: "this database was restored from a backup",
}


@dataclass
class Gate:
    """Shut while a recovery is needed; one per process.

    ``compared`` is the connection to the log (its count of reconnects) on which the log was found to be no further than
    the database. While ``retaking``, the inbox may work and nobody else.
    """

    reason: Reason | None = None
    compared: int | None = None
    retaking: bool = False

    def check(self) -> None:
        """Raises RecoveryNeeded while it is shut."""
        if self.reason:
            raise RecoveryNeeded(f"{TEXTS[self.reason]}: nothing is written until `vpr recover` has run")

    def check_following(self, connection: int) -> None:
        """For whoever reacts to the log. Raises RecoveryNeeded, and LogUnavailable until both are compared."""
        if self.retaking:
            return
        self.check()
        if self.compared != connection:
            raise LogUnavailable("log and database are not compared yet")

    async def load(self, connection: AsyncConnection) -> None:
        """Learn from the database whether a recovery is open: an earlier process, or another, may have found it."""
        query = select(recoveries.c.reason).where(recoveries.c.done_at.is_(None)).order_by(recoveries.c.id)
        found: Sequence[str] = (await connection.execute(query)).scalars().all()
        self.reason = Reason(found[0]) if found else None

    async def shut(self, connection: AsyncConnection, reason: Reason) -> None:
        """Nothing is written from now on, whoever starts next, until the recovery is done."""
        await connection.execute(insert(recoveries).values(reason=reason).on_conflict_do_nothing())
        self.reason = reason
