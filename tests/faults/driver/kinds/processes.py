"""kill -9 at any moment: of a service, of the broker, of PostgreSQL."""

import asyncio

from tests.faults.driver.scene import Fault, Scene
from vpr_events.contracts import SERVICES


async def kill_service(scene: Scene) -> None:
    """Kill a service, and start it again after a while."""
    name = scene.rng.choice(SERVICES)
    async with scene.world.holding(name):
        process = scene.world.processes[name]
        await asyncio.to_thread(process.kill)
        scene.note(f"{name} killed")
        await scene.hold()
        await asyncio.to_thread(process.start)


async def kill_broker(scene: Scene) -> None:
    """Kill the broker, and start it again."""
    async with scene.world.holding("log"):
        await asyncio.to_thread(scene.world.embedded.broker.kill)
        scene.note("broker killed")
        await scene.hold()
        await asyncio.to_thread(scene.world.embedded.broker.start)


async def kill_postgres(scene: Scene) -> None:
    """Kill PostgreSQL, and start it again."""
    async with scene.world.holding("database"):
        await asyncio.to_thread(scene.world.embedded.postgres.kill)
        scene.note("PostgreSQL killed")
        await scene.hold()
        await asyncio.to_thread(scene.world.embedded.postgres.start)


FAULTS = (Fault("service", kill_service), Fault("broker", kill_broker), Fault("postgres", kill_postgres))
