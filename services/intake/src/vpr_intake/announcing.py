"""Which event is told to whom: deliveries are written in the event's own transaction, one for each webhook and type.

A webhook is told of its client's reports only. Ids follow from event, webhook and type, so that an event that is taken
in again makes nothing new. Statuses only go forward: an event that arrives late, behind a further one, tells nothing.
Of a sensitive report nothing is told but that it was received.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from vpr_events.contracts.case import CaseClaimed, CaseClosed
from vpr_events.contracts.dispatch import DispatchUnitAssigned
from vpr_events.contracts.report import ReportFiled, ReportWithdrawn
from vpr_events.event import Event, Recorded
from vpr_events.writes import Write

WEBHOOK = "webhook"
"""The kind of the effects."""


class EventType(StrEnum):
    """What a webhook can be told of."""

    RECEIVED = "report.received"
    STATUS_CHANGED = "report.status_changed"
    CLOSED = "report.closed"
    WITHDRAWN = "report.withdrawn"


PING = "webhook.ping"
"""The type of the test event, which nobody subscribes to."""

STATUSES: dict[type[Event], tuple[int, str, list[str]]] = {
    CaseClaimed: (1, "in_progress", [EventType.STATUS_CHANGED]),
    DispatchUnitAssigned: (2, "dispatched", [EventType.STATUS_CHANGED]),
    CaseClosed: (3, "closed", [EventType.STATUS_CHANGED, EventType.CLOSED]),
    ReportWithdrawn: (4, "withdrawn", [EventType.STATUS_CHANGED, EventType.WITHDRAWN]),
}
"""Which event brings a report how far, to which public status, and as what that is told."""

_DELIVER = """
made as (
  insert into deliveries (id, webhook_id, type, report_id, status, occurred_at)
  select cast(left(encode(sha256(convert_to(
      concat_ws('/', cast(:event as uuid), w.id, t.type), 'UTF8')), 'hex'), 32) as uuid),
    w.id, t.type, cast(:report as uuid), cast(:status as text), cast(:at as timestamptz)
  from {whose} join webhooks w on w.client_id = whose.client_id
  cross join unnest(cast(:types as text[])) as t (type)
  where w.enabled and t.type = any (w.event_types)
  for key share of w
  on conflict do nothing
  returning id, webhook_id
)
insert into effects (id, kind, data, correlation_id, causation_id, due_at)
select made.id, 'webhook', jsonb_build_object('lane', made.webhook_id), cast(:report as uuid), cast(:event as uuid),
  greatest(clock_timestamp(), w.paused_until)
from made join webhooks w on w.id = made.webhook_id
on conflict do nothing
"""

_MOVE = """
moved as (
  insert into announced as a (report_id, status, reached)
  select id, cast(:status as text), cast(:reached as integer) from reports
  where id = cast(:report as uuid) and client_id is not null
    and (withdrawn_at is null or cast(:status as text) = 'withdrawn')
    and not exists (select from sensitive_reports s where s.report_id = reports.id)
  on conflict (report_id) do update set status = excluded.status, reached = excluded.reached
  where excluded.reached > a.reached
  returning report_id
)
"""

_FILER = "(select cast(:client as uuid) as client_id) as whose"
_MOVED = "moved join reports as whose on whose.id = moved.report_id"
TELL_FILED: TextClause = text(f"with {_DELIVER.format(whose=_FILER)}")
TELL_CHANGED: TextClause = text(f"with {_MOVE}, {_DELIVER.format(whose=_MOVED)}")


def announce(event: Recorded) -> Iterable[Write]:
    """What webhooks are told of an event, of intake's own or of another service."""
    if isinstance(event.data, ReportFiled):
        if event.data.client_id:
            told = _told(event, "received", [EventType.RECEIVED])
            yield Write(event.correlation_id, TELL_FILED, told | {"client": event.data.client_id})
    elif known := STATUSES.get(type(event.data)):
        reached, status, types = known
        yield Write(event.correlation_id, TELL_CHANGED, _told(event, status, types) | {"reached": reached})


def _told(event: Recorded, status: str, types: list[str]) -> dict[str, Any]:
    report: UUID = event.correlation_id
    return {"event": event.id, "report": report, "status": status, "types": types, "at": event.occurred_at}
