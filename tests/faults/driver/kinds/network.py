"""A bad network between one service and the log or its database."""

import asyncio

from tests.faults.driver.links import Link
from tests.faults.driver.scene import Fault, Scene
from vpr_events.contracts import SERVICES


def _link(scene: Scene) -> Link:
    links = scene.rng.choice([scene.world.log_links, scene.world.database_links])
    return links[scene.rng.choice(SERVICES)]


async def _hindered(scene: Scene, link: Link, what: str) -> None:
    before = link.hindered
    await scene.hold()
    link.heal()
    scene.note(what, link.hindered - before)


async def slow(scene: Scene) -> None:
    """Every piece of data arrives late, and not much of it at once."""
    link = _link(scene)
    link.delay, link.rate = scene.rng.uniform(0.005, 0.1), scene.rng.choice([None, 50_000.0, 500_000.0])
    await _hindered(scene, link, "pieces delayed")


async def silent(scene: Scene) -> None:
    """Nothing arrives for a while, and nobody is told."""
    link = _link(scene)
    link.hold_back()
    await _hindered(scene, link, "pieces held back")


async def cut(scene: Scene) -> None:
    """Connections break, again and again, and no new ones are made meanwhile."""
    link = _link(scene)
    before = link.hindered
    for _ in range(scene.rng.randint(1, 3)):
        link.cut = True
        link.sever()
        await scene.hold()
        link.heal()
        await asyncio.sleep(scene.rng.uniform(0.05, 0.4))
    scene.note("connections cut", link.hindered - before)


FAULTS = (
    Fault("slow", slow, (0.5, 2.0)),
    Fault("silent", silent, (0.2, 2.0)),
    Fault("cut", cut, (0.1, 0.6)),
)
