"""``/asyncapi.json``: the events that a service sends and receives, as ``/openapi.json`` tells of its requests."""

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter

from vpr_events.asyncapi import document
from vpr_events.contracts import CONTRACTS
from vpr_events.event import Event
from vpr_service.runtime import Running, Service

router = APIRouter()


def received_by(service: Service) -> Collection[type[Event]]:
    """What a service does something about; one without a consumer reads the whole log by itself."""
    return service.consumer.handles if service.consumer else tuple(CONTRACTS.values())


@router.get("/asyncapi.json", include_in_schema=False)
async def asyncapi(runtime: Running) -> dict[str, Any]:
    """The AsyncAPI document of this service."""
    return document({runtime.service.name: received_by(runtime.service)})
