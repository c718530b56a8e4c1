"""From a seed to a run: how many people work how long, and which faults strike when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.faults.driver.kinds import FAULTS


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault, when it strikes (seconds from the start), and how long it holds."""

    fault: str
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. The same seed and the same choice of kinds always give the same plan."""

    seed: int
    seconds: float
    clerks: int
    officers: int
    dispatchers: int
    faults: Sequence[Planned]


def possible() -> tuple[list[str], dict[str, str]]:
    """The kinds that can strike here, and those that cannot with why."""
    reasons = {name: reason for name, fault in FAULTS.items() if (reason := fault.impossible())}
    return [name for name in FAULTS if name not in reasons], reasons


def plan(seed: int, kinds: Sequence[str]) -> Plan:
    """The run of this seed with faults of these kinds."""
    rng = Random(seed)
    seconds = rng.uniform(2.0, 4.0)
    people = rng.randint(2, 4), rng.randint(2, 4), rng.randint(1, 3)
    return Plan(seed, seconds, *people, [_planned(rng, kinds, seconds) for _ in range(rng.randint(1, 4))])


def _planned(rng: Random, kinds: Sequence[str], seconds: float) -> Planned:
    name = rng.choice(kinds)
    return Planned(name, rng.uniform(0.2, seconds * 0.8), rng.uniform(*FAULTS[name].lasts))


def seeds(first: int) -> Iterator[int]:
    """The seeds of a series: the first is the given one, so that any of them can be run alone."""
    yield first
    rng = Random(first)
    while True:
        yield rng.getrandbits(32)
