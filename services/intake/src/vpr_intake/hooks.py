"""Webhooks, put together for a running service: the guard, the keys of their secrets, and the worker of the log."""

import asyncio
from dataclasses import dataclass
from functools import cache

from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events.working import in_steps, resting
from vpr_intake.delivering import Deliverer
from vpr_intake.sealed_secrets import Sealed
from vpr_intake.settings import Settings, settings_of
from vpr_intake.subscriptions import forget_old
from vpr_service.addresses import Allowed
from vpr_service.outbound import Guard, Outbound
from vpr_service.runtime import Runtime

HOURLY = 3600.0


@cache
def guard_of(allowed: tuple[str, ...]) -> Guard:
    """Which addresses may be called."""
    return Guard(Allowed.of(allowed))


@cache
def sealed_by(keys: tuple[str, ...]) -> Sealed:
    """What encrypts secrets."""
    return Sealed(keys)


def deliverer(runtime: Runtime, outbound: Outbound) -> Deliverer:
    """The handler of deliveries."""
    settings = settings_of(runtime)
    return Deliverer(runtime.engine, outbound, sealed_by(settings.webhook_keys_given), settings.webhook_delays)


def outbound(runtime: Runtime) -> Outbound:
    """The client that calls receivers."""
    return Outbound(guard_of(settings_of(runtime).outbound_allow))


@dataclass
class Forgetting:
    """Keeps the delivery log short."""

    engine: AsyncEngine
    settings: Settings

    async def run(self, stop: asyncio.Event) -> None:
        """Once an hour until ``stop``."""

        async def step() -> bool:
            async with self.engine.begin() as connection:
                await forget_old(connection, self.settings.delivery_log_age)
            await resting(stop, HOURLY)
            return False

        await in_steps(stop, "delivery log", step)
