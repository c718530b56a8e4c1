"""A webhook whose receiver does not take what it is sent is left alone for a while, with all that waits for it.

Without that, each of its deliveries would find out by itself, at the price of a try; hundreds of dead receivers would
cost more than the filing they are told of (decision 21).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import DateTime, Interval, bindparam, func, select, update

from vpr_events.tables import effects
from vpr_intake.announcing import PING
from vpr_intake.tables import deliveries, webhooks

_webhook = update(webhooks).where(webhooks.c.id == bindparam("webhook"))
FAILED = _webhook.values(last_failure_at=bindparam("tried_at"))
PAUSE = _webhook.values(
    last_failure_at=bindparam("tried_at"), failing_since=bindparam("since"), paused_until=bindparam("until")
)
RESUME = _webhook.values(last_success_at=bindparam("tried_at"), failing_since=None, paused_until=None)

APART = timedelta(seconds=20)
"""Longer than a try takes: what waits comes one by one, so that the first finds out for all."""

AT_MOST = 15
"""So many times ``APART`` behind the pause at most: what a success did not release waits no longer."""

_mine = (deliveries.c.webhook_id == bindparam("webhook"), deliveries.c.state == "pending", deliveries.c.type != PING)
_untried = (
    select(effects.c.id, deliveries.c.created_at)
    .join(deliveries, deliveries.c.id == effects.c.id)
    .where(*_mine, ~effects.c.dead, effects.c.attempts == 0)
    .with_for_update(of=effects, skip_locked=True)  # what another transaction holds is being taken up just now
    .subquery()
)
_place = func.row_number().over(order_by=(_untried.c.created_at, _untried.c.id)) - 1
_apart = select(_untried.c.id, _place.label("place")).subquery()
_behind = func.least(_apart.c.place, AT_MOST) * bindparam("apart", type_=Interval)
_due = bindparam("until", type_=DateTime(timezone=True)) + _behind
_fails = select(webhooks.c.id).where(webhooks.c.id == bindparam("webhook"), webhooks.c.failing_since.is_not(None))
HOLD = update(effects).where(effects.c.id == _apart.c.id).values(due_at=_due)
RELEASE = (
    update(effects)
    .where(effects.c.id == _untried.c.id, effects.c.due_at > func.clock_timestamp(), _fails.exists())
    .values(due_at=func.clock_timestamp())
)
"""Before ``RESUME``. Who was tried before has a schedule of its own.

Whether the webhook fails is asked now: another message may have found out while this one was on its way.
"""


def apart(delays: Sequence[float]) -> timedelta:
    """Between two of those that wait: no longer than a pause may be."""
    return min(APART, timedelta(seconds=max(delays[:2])))


def pause(since: datetime | None, now: datetime, delays: Sequence[float]) -> timedelta:
    """How long to leave a webhook alone that fails ``since`` then: as long again, within the first two delays."""
    if not delays:
        return timedelta()
    shortest, longest = delays[0], max(delays[:2])
    failing = (now - since).total_seconds() if since else 0.0
    return timedelta(seconds=min(max(failing, shortest), longest))
