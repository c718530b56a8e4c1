"""``/v1/webhooks/{id}/deliveries``: what became of each message, sending one again, and trying a webhook out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_intake import subscriptions
from vpr_intake.api.webhooks import Subscriber, existing, no_such_webhook
from vpr_intake.schemas.webhooks import Delivery, DeliveryQuery
from vpr_service.clock import real_time
from vpr_service.problems import Problem
from vpr_service.requests import cursor_of, link_next, moment_of, private
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/webhooks/{webhook_id}", tags=["webhooks"])


@router.post("/ping", status_code=202)
async def ping(webhook_id: UUID, caller: Subscriber, runtime: Running, response: Response) -> Delivery:
    """Send a test event, once; the delivery log tells what came of it."""
    await existing(webhook_id, caller, runtime)
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        try:
            delivery = await subscriptions.ping(connection, webhook_id, real_time())
        except subscriptions.Gone:
            raise no_such_webhook() from None
    private(response)
    return await _delivery(webhook_id, delivery, runtime)


@router.get("/deliveries")
async def list_deliveries(
    webhook_id: UUID,
    caller: Subscriber,
    runtime: Running,
    query: Annotated[DeliveryQuery, Query()],
    request: Request,
    response: Response,
) -> list[Delivery]:
    """What was sent, newest first, with every try. ``Link`` leads to the next page."""
    await existing(webhook_id, caller, runtime)
    after = query.after(moment_of, UUID)
    async with runtime.reading() as connection:
        rows = await subscriptions.list_deliveries(
            connection, webhook_id, state=query.state, limit=query.limit + 1, after=after
        )
    more, rows = len(rows) > query.limit, rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["created_at"].isoformat(), str(rows[-1]["id"])) if more else None)
    private(response)
    return [Delivery(**row) for row in rows]


@router.get("/deliveries/{delivery_id}")
async def read(
    webhook_id: UUID, delivery_id: UUID, caller: Subscriber, runtime: Running, response: Response
) -> Delivery:
    """One delivery with its tries."""
    await existing(webhook_id, caller, runtime)
    private(response)
    return await _delivery(webhook_id, delivery_id, runtime)


@router.post("/deliveries/{delivery_id}/replay", status_code=202)
async def replay(
    webhook_id: UUID, delivery_id: UUID, caller: Subscriber, runtime: Running, response: Response
) -> Delivery:
    """Send it again under the same webhook-id, with all its tries. 409 while it is not over."""
    await existing(webhook_id, caller, runtime)
    await _delivery(webhook_id, delivery_id, runtime)
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        begun = await subscriptions.replay(connection, delivery_id)
    if not begun:
        raise Problem(409, "delivery_pending", "it is still being delivered")
    private(response)
    return await _delivery(webhook_id, delivery_id, runtime)


async def _delivery(webhook_id: UUID, delivery_id: UUID, runtime: Runtime) -> Delivery:
    async with runtime.reading() as connection:
        row = await subscriptions.one_delivery(connection, webhook_id, delivery_id)
    if row is None:
        raise Problem(404, "no_such_delivery", "there is no such delivery")
    return Delivery(**row)
