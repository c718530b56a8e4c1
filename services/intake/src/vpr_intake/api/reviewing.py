"""What a reading sets off beside its record: alarms for reading many reports, one's own, or a restricted one.

Asked after the record was committed and before anything is shown: of readings at the same moment at least the last one
sees all, and what cannot raise its alarm is not shown.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from vpr_events.contracts.access import AlarmKind
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_intake import queries
from vpr_intake.contacts import same_contact
from vpr_intake.domain.access import RaiseAlarm, access
from vpr_intake.settings import settings_of
from vpr_service.runtime import Runtime

SPAN = timedelta(hours=1)


async def is_restricted(report_id: UUID, runtime: Runtime) -> bool:
    """Whether the city restricts the category that the report has now."""
    async with runtime.reading() as connection:
        code = await queries.category_of(connection, report_id)
    category = settings_of(runtime).city.categories.get(code or "")
    return category is not None and category.restricted


async def raise_alarm(report_id: UUID, kind: AlarmKind, reader_id: UUID, reason: str, runtime: Runtime) -> None:
    """Have supervisors look at what a reader does."""
    alarm = RaiseAlarm(at=runtime.now(), alarm_id=new_id(), kind=kind, caused_by=reader_id, reason=reason)
    await runtime.pipeline.execute(Execution(decider=access, entity=report_id, command=alarm))


async def review_number(report_id: UUID, reader_id: UUID, runtime: Runtime) -> None:
    """An alarm for who reads more different reports within an hour than is usual; one an hour is enough."""
    limit, since = settings_of(runtime).bulk_reading_limit, runtime.now() - SPAN
    async with runtime.reading() as connection:
        if await queries.reports_read(connection, reader_id, since) <= limit:
            return
        if await queries.alarmed_since(connection, AlarmKind.BULK_READING, reader_id, since):
            return
    await raise_alarm(report_id, AlarmKind.BULK_READING, reader_id, f"over_{limit}_an_hour", runtime)


async def review_own(report_id: UUID, reader_id: UUID, contacts: Collection[str], runtime: Runtime) -> None:
    """An alarm for who reads a report that they filed, or whose reporter is reached where they are."""
    async with runtime.reading() as connection:
        told = await queries.of_whom(connection, report_id)
    if told is None:
        return
    if told.filed_by == reader_id:
        await raise_alarm(report_id, AlarmKind.OWN_CASE, reader_id, "filed_by_reader", runtime)
    elif any(same_contact(mine, theirs) for mine in contacts for theirs in (told.email, told.phone) if theirs):
        await raise_alarm(report_id, AlarmKind.OWN_CASE, reader_id, "contact_of_reader", runtime)
