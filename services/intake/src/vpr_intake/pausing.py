"""A webhook whose receiver does not take what it is sent is left alone for a while, with all that waits for it.

Without that, each of its deliveries would find out by itself, at the price of a try; hundreds of dead receivers would
cost more than the filing they are told of (decision 21).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update

from vpr_events.tables import effects
from vpr_intake.announcing import PING
from vpr_intake.tables import deliveries, webhooks

_webhook = update(webhooks).where(webhooks.c.id == bindparam("webhook"))
PAUSE = _webhook.values(
    last_failure_at=bindparam("tried_at"), failing_since=bindparam("since"), paused_until=bindparam("until")
)
RESUME = _webhook.values(last_success_at=bindparam("tried_at"), failing_since=None, paused_until=None)


def _waiting(*which: ColumnElement[bool]) -> Select[tuple[UUID]]:
    """Effects that wait for the webhook. What another transaction holds is in the middle of its try: waiting for it
    could be a deadlock.
    """
    mine = (deliveries.c.webhook_id == bindparam("webhook"), deliveries.c.state == "pending", deliveries.c.type != PING)
    query = select(effects.c.id).join(deliveries, deliveries.c.id == effects.c.id).where(*mine, ~effects.c.dead, *which)
    return query.with_for_update(of=effects, skip_locked=True)


_early = effects.c.due_at < bindparam("until")
_held = (effects.c.attempts == 0, effects.c.due_at > func.clock_timestamp())  # who was tried has a schedule of its own
HOLD = update(effects).where(effects.c.id.in_(_waiting(_early))).values(due_at=bindparam("until"))
RELEASE = update(effects).where(effects.c.id.in_(_waiting(*_held))).values(due_at=func.clock_timestamp())


def pause(since: datetime | None, now: datetime, delays: Sequence[float]) -> timedelta:
    """How long to leave a webhook alone that fails ``since`` then: as long again, within the first two delays."""
    if not delays:
        return timedelta()
    shortest, longest = delays[0], max(delays[:2])
    failing = (now - since).total_seconds() if since else 0.0
    return timedelta(seconds=min(max(failing, shortest), longest))
