"""Run after run until one fails: what is printed, and what is kept of a failure."""

import asyncio
import logging
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import batched, islice

import structlog

from tests.faults.driver.plan import plan, seeds
from tests.faults.driver.run import Report, run
from tests.faults.driver.world import World, started

FRESH_EVERY = 10
"""Runs that share one system: starting one takes longer than a run. Each run judges all that is there."""


@dataclass
class Series:
    """A number of runs from one seed, with faults of these kinds."""

    runs: int
    seed: int
    kinds: Sequence[str]
    clean: int = field(default=0, init=False)
    happened: Counter[str] = field(default_factory=Counter, init=False)
    commands: int = field(default=0, init=False)
    _seed: int = field(default=0, init=False)

    def go(self) -> bool:
        """Do them; whether all were clean."""
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        began = time.monotonic()
        chosen = islice(seeds(self.seed), self.runs)
        good = all(self._group(group) for group in batched(chosen, FRESH_EVERY, strict=False))
        took = time.monotonic() - began
        print(f"{self.clean} of {self.runs} runs clean, {took:.0f} s, {self.commands} commands acknowledged")
        print(f"what happened: {_listed(self.happened)}")
        return good

    def _group(self, group: Sequence[int]) -> bool:
        try:
            asyncio.run(self._in_one_system(group))
        except Exception:  # noqa: BLE001 - whatever it was, it is shown and the series ends
            traceback.print_exc()
            print(f"FAILED: `make faults N=1 SEED={self._seed}` does it again")
            return False
        return True

    async def _in_one_system(self, group: Sequence[int]) -> None:
        async with started() as world:
            for seed in group:
                await self._one(world, seed)

    async def _one(self, world: World, seed: int) -> None:
        self._seed = seed
        planned = plan(seed, self.kinds)
        faults = ", ".join(f"{one.fault}@{one.at:.1f}" for one in sorted(planned.faults, key=lambda one: one.at))
        print(f"run {self.clean + 1}, seed {seed}: {planned.seconds:.1f} s of load, {faults}", flush=True)
        report = await run(world, planned)
        self.clean += 1
        self.happened += report.happened
        self.commands += report.acknowledged.total()
        print(_told(report), flush=True)


def _told(report: Report) -> str:
    parts = ", ".join(f"{seconds:.1f} s {name}" for name, seconds in report.seconds.items())
    return (
        f"    clean after {parts}; acknowledged {_listed(report.acknowledged)};\n"
        f"    answers {_listed(report.ledger.answers)}; happened: {_listed(report.happened)}"
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"
