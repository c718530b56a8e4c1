"""Liveness, readiness and Prometheus, alike on every service."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from vpr_service.runtime import Running

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def ready(runtime: Running, response: Response) -> dict[str, object]:
    """Ready when the database answers and needs no recovery (else 503). A missing broker or a backlog is not fatal."""
    async with runtime.reading() as connection:
        await connection.execute(text("select 1"))
    state = {**await runtime.measuring.measure(), "recovery_needed": runtime.gate.reason}
    if runtime.gate.reason:
        response.status_code = 503
        return {"status": "recovery_needed", **state}
    well = state["broker"] and not state["dead_letters"] and not state["effects_dead"]
    return {"status": "ready" if well else "degraded", **state}


@router.get("/telemetry", include_in_schema=False)
async def telemetry(runtime: Running) -> Response:
    """Prometheus text."""
    return Response(generate_latest(runtime.telemetry.registry), media_type=CONTENT_TYPE_LATEST)
