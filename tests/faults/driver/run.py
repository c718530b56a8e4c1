"""One run: people work while faults strike; then all is mended, quiet, and looked at."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.faults.driver.checks import broken
from tests.faults.driver.evidence import Evidence, gather
from tests.faults.driver.kinds import FAULTS
from tests.faults.driver.ledger import Ledger
from tests.faults.driver.load import Load
from tests.faults.driver.plan import Plan, Planned
from tests.faults.driver.scene import Scene
from tests.faults.driver.world import World

REPEATED = 5
SHOWN = 20


class Broken(Exception):
    """Something does not hold; each line says what."""


@dataclass(frozen=True)
class Report:
    """What a clean run was: how long its parts took (seconds), what was asked and answered, and what happened."""

    seconds: dict[str, float]
    ledger: Ledger
    happened: Counter[str]
    evidence: Evidence

    @property
    def acknowledged(self) -> Counter[str]:
        """How many commands of each kind were acknowledged."""
        return Counter(command.kind for command in self.ledger.acknowledged())


class _Watch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name], self._last = now - self._last, now


async def run(world: World, plan: Plan) -> Report:
    """Do a run. Raises Broken, or whatever an unexpected answer or a fault that cannot be mended raises."""
    before, watch = world.counts.copy(), _Watch()
    load = Load(world, plan.seed)
    async with load.client:
        await _under_load(load, plan)
        watch.lap("under load")
        await world.quiet()
        await load.finish()
        await load.repeat(REPEATED, Random(plan.seed))
        await world.quiet()
        watch.lap("until quiet")
    evidence = await gather(world)
    wrong = broken(evidence, load.ledger)
    if not load.ledger.acknowledged():
        wrong.append("nobody got anything done")
    watch.lap("checking")
    if wrong:
        raise Broken("\n".join([*wrong[:SHOWN], *([f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else [])]))
    return Report(watch.laps, load.ledger, world.counts - before, evidence)


async def _under_load(load: Load, plan: Plan) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(load.work(plan.clerks, plan.officers, plan.dispatchers))
        both.create_task(_strike(load, plan))


async def _strike(load: Load, plan: Plan) -> None:
    async with asyncio.TaskGroup() as strikes:
        for number, planned in enumerate(plan.faults):
            strikes.create_task(_strike_one(load, planned, Random(f"{plan.seed}/fault/{number}")))
        strikes.create_task(asyncio.sleep(plan.seconds))
    load.over.set()


async def _strike_one(load: Load, planned: Planned, rng: Random) -> None:
    await asyncio.sleep(planned.at)
    await FAULTS[planned.fault].strike(Scene(load.world, load, rng, planned.seconds))
