"""``/v1/webhooks``: who is told of what. A client sees its own, an administrator all of them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from vpr_events.contracts.values import Role
from vpr_intake import subscriptions
from vpr_intake.api.callers import Caller, Calling
from vpr_intake.hooks import guard_of, sealed_by
from vpr_intake.schemas.webhooks import HookShown, NewHookShown, NewSecret, NewWebhook, WebhookChange
from vpr_intake.sealed_secrets import Sealed, new_secret
from vpr_intake.settings import settings_of
from vpr_service.api_keys import KeyScope
from vpr_service.outbound import Forbidden
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import Page, cursor_of, link_next, moment_of, private, version_changed, version_in
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Subscriber = Annotated[Caller, Depends(Calling(Role.ADMIN, scope=KeyScope.WEBHOOKS))]
"""Whoever may have webhooks: a client its own, an administrator everybody's."""


@router.post("", status_code=201)
async def create(
    new: NewWebhook, caller: Subscriber, runtime: Running, request: Request, response: Response
) -> NewHookShown:
    """Tell this address of these events. The secret is shown this once."""
    private(response)
    client, sealed = _owner(new, caller), _sealed(runtime)
    _check_url(runtime, new.url)
    secret = new_secret()
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        try:
            row = await subscriptions.create(
                connection, client, new.url, sorted(set(new.event_types)), sealed.encrypt(secret)
            )
        except subscriptions.Unknown:
            raise invalid_field("client_id", "there is no such client, or it was revoked") from None
        except subscriptions.TooMany:
            raise Problem(409, "too_many_webhooks", f"a client has {subscriptions.MOST} webhooks at most") from None
    response.headers["Location"] = f"{request.scope['path']}/{row['id']}"
    private(response, row["version"])
    return NewHookShown(**row, secret=secret)


@router.get("")
async def list_webhooks(
    caller: Subscriber, runtime: Running, query: Page, request: Request, response: Response
) -> list[HookShown]:
    """Webhooks, newest first. ``Link`` leads to the next page."""
    private(response)
    after = query.after(moment_of, UUID)
    async with runtime.reading() as connection:
        rows = await subscriptions.list_webhooks(connection, caller.client_id, limit=query.limit + 1, after=after)
    more, rows = len(rows) > query.limit, rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["created_at"].isoformat(), str(rows[-1]["id"])) if more else None)
    return [HookShown(**row) for row in rows]


@router.get("/{webhook_id}")
async def read(webhook_id: UUID, caller: Subscriber, runtime: Running, response: Response) -> HookShown:
    """One webhook, without its secret."""
    row = await existing(webhook_id, caller, runtime)
    private(response, row["version"])
    return HookShown(**row)


@router.patch("/{webhook_id}")
async def change(
    webhook_id: UUID,
    body: WebhookChange,
    caller: Subscriber,
    runtime: Running,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=40)] = None,
) -> HookShown:
    """Change what is given. With ``If-Match`` only if nobody else changed it (else 412)."""
    await existing(webhook_id, caller, runtime)
    changes = body.model_dump(exclude_none=True)
    if body.url is not None:
        _check_url(runtime, body.url)
    if body.enabled is not None:
        changes["disabled_reason"] = None if body.enabled else "client"
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        try:
            row = await subscriptions.change(connection, webhook_id, changes, _version(if_match))
        except subscriptions.Unknown:
            raise Problem(409, "client_revoked", "its client was revoked: nothing is told to it any more") from None
    if row is None:
        await existing(webhook_id, caller, runtime)
        raise version_changed("the webhook was changed meanwhile: read it again")
    private(response, row["version"])
    return HookShown(**row)


@router.delete("/{webhook_id}", status_code=204)
async def remove(webhook_id: UUID, caller: Subscriber, runtime: Running) -> None:
    """Delete it with its log; what still waits for it is not sent."""
    await existing(webhook_id, caller, runtime)
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        await subscriptions.remove(connection, webhook_id)


@router.post("/{webhook_id}/secret")
async def rotate(webhook_id: UUID, caller: Subscriber, runtime: Running, response: Response) -> NewSecret:
    """A new secret. For some time every message is signed with the one before it too."""
    await existing(webhook_id, caller, runtime)
    secret, sealed = new_secret(), _sealed(runtime)
    overlap = settings_of(runtime).webhook_secret_overlap
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        try:
            until = await subscriptions.rotate(connection, webhook_id, sealed.encrypt(secret), overlap)
        except subscriptions.Gone:
            raise no_such_webhook() from None
    private(response)
    return NewSecret(secret=secret, previous_valid_until=until)


async def existing(webhook_id: UUID, caller: Caller, runtime: Runtime) -> dict[str, Any]:
    """The webhook's row. Raises Problem 404; another client's does not exist for this one."""
    async with runtime.reading() as connection:
        row = await subscriptions.one_webhook(connection, webhook_id, caller.client_id)
    if row is None:
        raise no_such_webhook()
    return row


def no_such_webhook() -> Problem:
    """There is none, none any more, or it is another client's."""
    return Problem(404, "no_such_webhook", "there is no such webhook")


def _owner(new: NewWebhook, caller: Caller) -> UUID:
    """Whose webhook it will be."""
    if caller.client_id:
        if new.client_id not in {None, caller.client_id}:
            raise invalid_field("client_id", "is not yours: leave it out")
        return caller.client_id
    if new.client_id is None:
        raise invalid_field("client_id", "an administrator says whose webhook it is")
    return new.client_id


def _check_url(runtime: Runtime, url: str) -> None:
    try:
        guard_of(settings_of(runtime).outbound_allow).check_url(url)
    except Forbidden as error:
        raise invalid_field("url", str(error)) from None


def _sealed(runtime: Runtime) -> Sealed:
    if not (keys := settings_of(runtime).webhook_keys_given):
        raise Problem(503, "webhooks_off", "webhooks are not set up here: INTAKE_WEBHOOK_KEYS is missing")
    return sealed_by(keys)


def _version(if_match: str | None) -> int | None:
    return None if if_match in {None, "*"} else version_in(str(if_match))
