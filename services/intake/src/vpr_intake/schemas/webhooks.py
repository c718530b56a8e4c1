"""Webhooks and what is delivered to them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from vpr_intake.announcing import EventType
from vpr_service.requests import Body, PageQuery

HookTypes = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]


class NewWebhook(Body):
    """A webhook to create; ``client_id`` is for administrators, who have no client of their own."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    event_types: HookTypes
    client_id: UUID | None = None


class WebhookChange(Body):
    """What to change of a webhook; ``enabled`` true switches one on again that was switched off."""

    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    event_types: HookTypes | None = None
    enabled: bool | None = None


class HookShown(Body):
    """A webhook. ``disabled_reason``: gone (it answered 410), failing, client (on request) or revoked (its client).

    ``failing_since`` the first of the tries that all failed; nothing is sent before ``paused_until``.
    """

    model_config = ConfigDict(extra="ignore")

    id: UUID
    client_id: UUID
    url: str
    event_types: list[str]
    enabled: bool
    disabled_reason: Literal["gone", "failing", "client", "revoked"] | None
    created_at: datetime
    last_success_at: datetime | None
    last_failure_at: datetime | None
    failing_since: datetime | None
    paused_until: datetime | None
    version: int


class NewHookShown(HookShown):
    """A new webhook; its secret is shown this once."""

    secret: str


class NewSecret(Body):
    """A webhook's new secret, shown this once; the one before it signs too until ``previous_valid_until``."""

    secret: str
    previous_valid_until: datetime


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["pending", "delivered", "failed"] | None = None


class Attempt(Body):
    """One try: what was answered, or why nothing was (``error``), and when the next one comes."""

    model_config = ConfigDict(extra="ignore")

    at: datetime
    ms: int
    status_code: int | None
    error: str | None
    next_at: datetime | None


class Delivery(Body):
    """A message for a webhook; ``id`` is its webhook-id."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    type: str
    report_id: UUID | None
    status: str | None
    occurred_at: datetime
    created_at: datetime
    state: Literal["pending", "delivered", "failed"]
    finished_at: datetime | None
    attempts: list[Attempt]
