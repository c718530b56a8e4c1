"""How many SMS may be sent: each costs money, and a resident's patience."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_video import queries
from vpr_video.sending.settings import SendingSettings

OF_SESSION = "sms_budget_of_session"
OF_HOUR = "sms_budget_of_hour"
BUDGET = "sms budget"
HOUR = timedelta(hours=1)


async def over_budget(connection: AsyncConnection, session_id: UUID, settings: SendingSettings) -> str | None:
    """The code of the budget that another SMS would break. It is kept by whoever holds the lock BUDGET meanwhile."""
    mine, every = await queries.sms_of(connection, session_id, datetime.now(UTC) - HOUR)
    if mine >= settings.sms_per_session:
        return OF_SESSION
    return OF_HOUR if every >= settings.sms_per_hour else None
