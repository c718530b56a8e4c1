"""A full disk: the database refuses writes, or the log takes no more."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tests.faults.driver.disks import impossible
from tests.faults.driver.scene import Fault, Scene
from tests.waiting import until

EFFECT_WITHIN = 4.0


async def fill_database_disk(scene: Scene) -> None:
    """No table can grow: writes are answered 507 until there is room again."""
    disk, answers = scene.world.database_disk, scene.load.ledger.answers
    assert disk
    async with scene.world.holding("database"):
        before = answers["507"]
        disk.fill()
        await _felt(lambda: answers["507"] > before)
        await scene.hold()
        disk.free()
        scene.note("database disk filled")
        scene.note("writes answered 507", answers["507"] - before)


async def fill_log_disk(scene: Scene) -> None:
    """The log takes nothing more. Once there is room, the broker must be started again (nats-server 2.15)."""
    disk, broker = scene.world.log_disk, scene.world.embedded.broker
    assert disk
    async with scene.world.holding("log"):
        before = _refusals(broker.log.read_text())
        disk.fill()
        await _felt(lambda: _refusals(broker.log.read_text()) > before)
        await scene.hold()
        scene.note("log disk filled")
        scene.note("publishes that found no room", _refusals(broker.log.read_text()) - before)
        disk.free()
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)


def _refusals(log: str) -> int:
    return log.count("no space left on device")


async def _felt(felt: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return felt()

    with suppress(AssertionError):  # nobody may have written meanwhile
        await until(asked, EFFECT_WITHIN)


FAULTS = (
    Fault("database-full", fill_database_disk, (0.2, 1.0), impossible),
    Fault("log-full", fill_log_disk, (0.1, 0.5), impossible),
)
