"""Two cohorts beside each other."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from vpr_metrics import definitions
from vpr_metrics.schemas.choosing import Choice, IntervalName, PointName, checked_end
from vpr_metrics.schemas.drawing import Drawn
from vpr_metrics.schemas.figures import AsOf


class CompareQuery(Drawn):
    """Beside the filters of both cohorts (``baseline.from``, ``comparison.pathway`` and so on): which interval,
    the ``target`` in seconds, and how the bootstrap draws.
    """

    interval: IntervalName = "headline"
    start: PointName | None = None
    end: Annotated[PointName | None, Field(validate_default=True)] = None
    target: Annotated[float | None, Field(gt=0)] = None
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    resamples: Annotated[int, Field(ge=100, le=10_000)] = 2000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1

    @field_validator("end")
    @classmethod
    def _both_points(cls, end: str | None, info: ValidationInfo) -> str | None:
        return checked_end(end, info)

    def span(self) -> definitions.Interval:
        """The interval."""
        if self.start and self.end:
            return definitions.between(self.start, self.end)
        return definitions.INTERVALS[self.interval]


class Arm(BaseModel):
    """Cases of one kind, whatever became of them; ``n`` reached the interval's second clock point."""

    cases: int | None
    n: int | None
    mean: float | None
    median: float | None
    suppressed: bool = False


class Within(BaseModel):
    """The share that met the target, with Wilson's interval. Who waits, or ended otherwise, counts once the target has
    passed; who ended otherwise before is in neither number.

    With ``suppressed`` too few met it, missed it, or are what n or the cohort's cases tell beside it.
    """

    cases: int | None = None
    within: int | None = None
    share: float | None = None
    low: float | None = None
    high: float | None = None
    suppressed: bool = False


class CohortFigures(BaseModel):
    """``chosen`` are the filters. ``cases`` may have reached the second clock point, ``n`` did, ``open`` wait,
    ``ended_otherwise`` ended before: small numbers of these, and what would tell them, are null for who may not see
    them. ``within_target`` only with a target; ``intention_to_treat`` only of live cases, whatever the filters say of
    pathway and eligibility.
    """

    chosen: Choice
    as_of: AsOf | None
    observed_until: datetime
    cases: int | None = None
    n: int | None = None
    open: int | None = None
    ended_otherwise: int | None = None
    mean: float | None = None
    median: float | None = None
    within_target: Within | None = None
    intention_to_treat: dict[str, Arm] | None = None


class ChangeTold(BaseModel):
    """From baseline to comparison, in seconds and in percent, each with its bootstrap interval."""

    difference: float | None
    low: float | None
    high: float | None
    percent: float | None
    percent_low: float | None
    percent_high: float | None


class TestTold(BaseModel):
    """A test's statistic and two-sided p-value."""

    statistic: float
    p: float


class LikeForLikeTold(BaseModel):
    """With the baseline's mix: ``strata`` that both have, ``covered`` the share of the baseline that is in them.

    ``left_out`` counts strata that both have, but with too few cases for who may not see small numbers.
    """

    by: list[str]
    strata: int
    left_out: int
    covered: float
    baseline_mean: float
    comparison_mean: float
    baseline_median: float
    comparison_median: float
    mean: ChangeTold


class Warned(BaseModel):
    """What makes the comparison doubtful: a code with its ``rule``, what it is about, and what was found."""

    code: str
    about: str
    detail: str
    rule: str


class Bootstrap(BaseModel):
    """How the intervals were drawn: the same question with the same seed gives the same answer."""

    method: Literal["percentile"] = "percentile"
    resamples: int
    seed: int
    confidence: float


class Comparison(BaseModel):
    """``headline`` says it in a sentence. With ``suppressed`` a cohort has too few cases to show any of it.

    ``log_rank`` and ``mann_whitney`` are null where there is nothing to test: a cohort is empty, or chance could not
    have had it otherwise (nobody has ended in company; all durations are the same).
    """

    definition_version: int = definitions.VERSION
    interval: str
    start: Annotated[str, Field(serialization_alias="from")]
    end: Annotated[str, Field(serialization_alias="to")]
    unit: Literal["seconds"] = "seconds"
    target: float | None
    headline: str | None = None
    baseline: CohortFigures
    comparison: CohortFigures
    mean: ChangeTold | None = None
    median: ChangeTold | None = None
    bootstrap: Bootstrap
    log_rank: TestTold | None = None
    mann_whitney: TestTold | None = None
    like_for_like: LikeForLikeTold | None = None
    warnings: list[Warned] = []
    suppressed: bool = False
