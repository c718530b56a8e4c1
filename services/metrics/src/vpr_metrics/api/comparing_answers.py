"""A comparison as an answer."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from vpr_metrics import comparing, doubts
from vpr_metrics.api.forms import COUNT, NUMBER, TEXT, Table
from vpr_metrics.api.projected import as_of
from vpr_metrics.cohorts import Cohort
from vpr_metrics.comparing import Change, Sampling
from vpr_metrics.doubts import Doubt
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.comparing import (
    Arm,
    Bootstrap,
    ChangeTold,
    CohortFigures,
    CompareQuery,
    Comparison,
    LikeForLikeTold,
    TestTold,
    Warned,
    Within,
)
from vpr_metrics.spans import REACHED, TRAITS, Spans
from vpr_metrics.suppressing import is_small, tells_of_few

STRATA = tuple(TRAITS)[:3]
"""Like is compared with like by these; districts are warned of, but would leave most strata empty."""

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared with what, and how."""

    query: CompareQuery
    baseline: Choice
    comparison: Choice

    @property
    def cohorts(self) -> tuple[Choice, Choice]:
        """Baseline and comparison."""
        return self.baseline, self.comparison


def answer(asked: Asked, before: Cohort, after: Cohort, zone: str, *, whole_truth: bool) -> Comparison:
    """The answer; it is empty where a cohort is too small to be shown."""
    query, interval = asked.query, asked.query.span()
    sampling = Sampling(query.resamples, query.seed, query.confidence)
    frame: dict[str, Any] = {"interval": interval.name, "start": interval.start, "end": interval.end}
    frame |= {"target": query.target, "bootstrap": Bootstrap(**asdict(sampling))}
    pairs = list(zip((before, after), asked.cohorts, strict=True))
    if not whole_truth and any(is_small(int(one.spans.reached.sum()), one.spans.records) for one, _ in pairs):
        told = [
            CohortFigures(chosen=choice, as_of=as_of(one.newest), observed_until=one.observed) for one, choice in pairs
        ]
        return Comparison(**frame, baseline=told[0], comparison=told[1], suppressed=True)
    figures = [_figures(one, choice, query, whole_truth=whole_truth) for one, choice in pairs]
    mean, median = comparing.changes(before.spans.completed, after.spans.completed, sampling)
    curves = [(one.spans.seconds, one.spans.reached) for one in (before, after)]
    return Comparison(
        **frame,
        headline=_headline(figures[0], figures[1], mean),
        baseline=figures[0],
        comparison=figures[1],
        mean=ChangeTold(**asdict(mean)),
        median=ChangeTold(**asdict(median)),
        log_rank=_test(comparing.log_rank(*curves)),
        mann_whitney=_test(comparing.mann_whitney(before.spans.completed, after.spans.completed)),
        like_for_like=_like_for_like(before.spans, after.spans, sampling, whole_truth=whole_truth),
        warnings=[
            Warned(
                code=one.code, about=one.about, detail=one.told(whole_truth=whole_truth), rule=doubts.RULES[one.code]
            )
            for one in _doubts(before, after, zone)
        ],
    )


def _figures(found: Cohort, choice: Choice, query: CompareQuery, *, whole_truth: bool) -> CohortFigures:
    spans, completed = found.spans, found.spans.completed
    return CohortFigures(
        chosen=choice,
        as_of=as_of(found.newest),
        observed_until=found.observed,
        n=len(completed),
        **_others(spans, whole_truth=whole_truth),
        mean=float(completed.mean()) if len(completed) else None,
        median=float(np.median(completed)) if len(completed) else None,
        within_target=_within(spans, query, whole_truth=whole_truth) if query.target else None,
        intention_to_treat=_arms(found, whole_truth=whole_truth) if found.arms else None,
    )


def _others(spans: Spans, *, whole_truth: bool) -> dict[str, int | None]:
    """How many did not reach the second clock point; not how many there are in all, where that would tell of few."""
    counts = {"open": spans.open, "ended_otherwise": _ended_otherwise(spans)}
    rest = sum(counts.values())
    told = {"cases": len(spans.causes)} | counts
    if whole_truth or not is_small(rest, *counts.values()):
        return dict(told)
    return {"cases": None if is_small(rest) else told["cases"]} | dict.fromkeys(counts)


def _ended_otherwise(spans: Spans) -> int:
    return len(spans.causes) - spans.open - spans.ended(REACHED)


def _within(spans: Spans, query: CompareQuery, *, whole_truth: bool) -> Within:
    share = comparing.within_target(spans.seconds, spans.reached, query.target or 0, query.confidence)
    late = share.cases - len(spans.completed)
    undecided = len(spans.causes) - share.cases
    if not whole_truth and (tells_of_few(share.within, share.cases) or is_small(late, undecided)):
        return Within(suppressed=True)
    return Within(**asdict(share))


def _arms(found: Cohort, *, whole_truth: bool) -> dict[str, Arm]:
    """Arms are parts of each other: beside one that tells of few nothing but the whole may be shown."""
    few = {name for name, row in found.arms.items() if is_small(row["n"], row["cases"], row["cases"] - row["n"])}
    shown = {"all"} - few if few and not whole_truth else set(found.arms)
    nothing = Arm(cases=None, n=None, mean=None, median=None, suppressed=True)
    return {name: Arm(**row) if name in shown else nothing for name, row in found.arms.items()}


def _test(found: comparing.Tested | None) -> TestTold | None:
    return TestTold(**asdict(found)) if found else None


def _headline(before: CohortFigures, after: CohortFigures, change: Change) -> str | None:
    """Such as "mean 114.0 h -> 14.0 h, -87.7%, n = 169 and 180"; None where there is nothing to compare."""
    if before.mean is None or after.mean is None:
        return None
    percent = "" if change.percent is None else f" {change.percent:+.1f}%,"
    return f"mean {before.mean / HOUR:.1f} h -> {after.mean / HOUR:.1f} h,{percent} n = {before.n} and {after.n}"


def _like_for_like(before: Spans, after: Spans, sampling: Sampling, *, whole_truth: bool) -> LikeForLikeTold | None:
    sides = [
        (one.completed, list(zip(*(trait[one.reached] for trait in one.traits[: len(STRATA)]), strict=True)))
        for one in (before, after)
    ]
    found = comparing.like_for_like(sides[0], sides[1], sampling, whole_truth=whole_truth)
    return LikeForLikeTold(by=list(STRATA), **asdict(found)) if found else None


def _doubts(before: Cohort, after: Cohort, zone: str) -> Iterator[Doubt]:
    if before.selection.source != after.selection.source:
        told = f"{before.selection.source} and {after.selection.source}"
        yield Doubt("different_sources", "both", told, told)
    for place, trait in enumerate(TRAITS):
        yield from doubts.mix(trait, *(one.spans.traits[place] for one in (before, after)))
    others = [(_ended_otherwise(one.spans), len(one.spans.causes)) for one in (before, after)]
    yield from doubts.other_ends(others[0], others[1])
    for name, one in (("baseline", before), ("comparison", after)):
        completed = int(one.spans.reached.sum())
        yield from doubts.few(name, completed)
        yield from doubts.censoring(name, completed, one.spans.open)
        yield from doubts.gaps(name, one.spans.days, *_period(one, zone))


def _period(found: Cohort, zone: str) -> tuple[date | None, date | None]:
    """The first and the last day of filing that were asked for and can have been seen; none where not asked for."""
    since, before = found.selection.filed_from, found.selection.filed_before
    last = min(before - timedelta(microseconds=1), found.observed) if before else None
    first, end = (moment.astimezone(ZoneInfo(zone)).date() if moment else None for moment in (since, last))
    return first, end


def table(told: Comparison) -> Table:
    """One row for each cohort, and one for each change (``figure``)."""
    columns = {"figure": TEXT, "interval": TEXT, "n": COUNT, "open": COUNT, "ended_otherwise": COUNT}
    columns |= dict.fromkeys(("mean", "median", *ChangeTold.model_fields), NUMBER) | {"definition_version": COUNT}
    place = {"interval": told.interval, "definition_version": told.definition_version}
    rows = [
        place
        | {"figure": name}
        | {key: getattr(one, key) for key in ("n", "open", "ended_otherwise", "mean", "median")}
        for name, one in (("baseline", told.baseline), ("comparison", told.comparison))
    ]
    changes = {"change_of_mean": told.mean, "change_of_median": told.median}
    changes["like_for_like_change_of_mean"] = told.like_for_like.mean if told.like_for_like else None
    rows += [place | {"figure": name} | one.model_dump() for name, one in changes.items() if one]
    return Table(columns, rows)
