"""What a log may do to its readers: tell twice, and tell in another order."""

import asyncio
from uuid import UUID

from tests.faults.driver.scene import Fault, Scene
from vpr_events.cloudevents import MESSAGE_ID
from vpr_events.contracts import SERVICES
from vpr_events.event import new_id
from vpr_events.log import STREAM, EventLog, Outgoing


async def duplicate(scene: Scene) -> None:
    """Messages of the log come again, in any order, under message ids that the broker does not know."""
    async with scene.world.holding("log"), scene.world.admin_log() as log:
        for _ in range(scene.rng.randint(5, 30)):
            if again := await _some_message(log, scene):
                await log.publish([again])
                scene.world.copies[UUID(again.headers["ce-id"])] += 1
                scene.note("events told twice")


async def _some_message(log: EventLog, scene: Scene) -> Outgoing | None:
    manager = log._client.jetstream()
    last = (await manager.stream_info(STREAM)).state.last_seq
    if not last:
        return None
    recent = max(1, last - 300)
    message = await manager.get_msg(STREAM, scene.rng.randint(recent, last))
    headers = {name: value for name, value in (message.headers or {}).items() if not name.startswith("Nats-")}
    return Outgoing(message.subject or "", {**headers, MESSAGE_ID: str(new_id())}, message.data or b"")


async def reorder(scene: Scene) -> None:
    """Another reader takes messages off a service's durable and gives them back later, in another order."""
    durable = scene.rng.choice(SERVICES)
    async with scene.world.holding("log"), scene.world.admin_log() as log:
        pull = await log.pull(durable, window=scene.rng.randint(2, 30))
        taken = []
        end = asyncio.get_running_loop().time() + scene.seconds
        while asyncio.get_running_loop().time() < end:
            taken += await pull.next(10, 0.1)
        scene.rng.shuffle(taken)
        for delivery in taken:
            await delivery.nak()
        await pull.stop()
        await log._client.flush()
        scene.note("events given back in another order", len(taken))


FAULTS = (Fault("duplicate", duplicate), Fault("reorder", reorder, (0.3, 1.5)))
