"""The parts of the dashboard that come after its headline, each on its own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from vpr_metrics.api import figures, flow, open_cases, survival
from vpr_metrics.charting.pictures import flow as flow_pictures
from vpr_metrics.charting.pictures import open_cases as open_pictures
from vpr_metrics.charting.pictures import survival as survival_pictures
from vpr_metrics.charting.pictures import timings as timing_pictures
from vpr_metrics.schemas.figures import TimingQuery, Timings
from vpr_metrics.schemas.flow import Flow, FlowQuery
from vpr_metrics.schemas.open_cases import OpenCasesQuery
from vpr_metrics.schemas.survival import SurvivalQuery, Survivals
from vpr_metrics.web.change import change
from vpr_metrics.web.parts import Figure, Looking, Part, figure

MOST_WEEKS, FEW_WEEKS = 160, 6
FLOWS = ("funnel", "ends", "transitions", "workload")


async def _timings(looking: Looking, **more: Any) -> tuple[TimingQuery, Timings, dict[str, Any]]:
    asked = looking.query(**more)
    query = TimingQuery.model_validate(asked | {"by": [asked["by"]]})
    return query, await looking.told(figures.told_timings, query), asked


async def _timed(looking: Looking, **more: Any) -> Figure:
    query, told, asked = await _timings(looking, **more)
    return await figure(looking, timing_pictures.picture(query, told, looking.speech, looking.shapes), "timings", asked)


async def trend(looking: Looking) -> Part:
    """By week; by day or month where there are very few weeks, or very many."""
    query, told, asked = await _timings(looking, by="week")
    weeks = len(told.intervals[0].groups)
    if FEW_WEEKS < weeks <= MOST_WEEKS:
        picture = timing_pictures.picture(query, told, looking.speech)
        return Part((), [await figure(looking, picture, "timings", asked)])
    return Part((), [await _timed(looking, by="day" if weeks <= FEW_WEEKS else "month")])


async def category(looking: Looking) -> Part:
    """Dots by category."""
    return Part((), [await _timed(looking, by="category")])


async def district(looking: Looking) -> Part:
    """The map, where the districts are the city's, and dots."""
    query, told, asked = await _timings(looking, by="district")
    dots = await figure(looking, timing_pictures.picture(query, told, looking.speech), "timings", asked)
    if not looking.shapes or not timing_pictures.is_of_city(told, looking.speech, looking.shapes):
        return Part([looking.text["map_missing"]], [dots])
    return Part((), [await _timed(looking, by="district", chart="map"), dots])


async def waiting(looking: Looking) -> Part:
    """The survival curve, and what it says in a sentence."""
    asked = looking.query()
    query = SurvivalQuery.model_validate(asked | {"steps": survival_pictures.ENOUGH_STEPS})
    told = await looking.told(survival.told_survival, query)
    picture = survival_pictures.picture(query, told, looking.speech)
    return Part(_medians(looking, told), [await figure(looking, picture, "survival", asked)])


def _medians(looking: Looking, told: Survivals) -> list[str]:
    total, speech = told.total, looking.speech
    p90 = (total.percentiles or {}).get("90")
    if total.median is None or p90 is None or total.median.value is None or p90.value is None:
        return []
    values = {"median": speech.time(total.median.value), "p90": speech.time(p90.value), "n": speech.count(total.n)}
    return [looking.text["medians"].format(**values)]


async def open_by_age(looking: Looking) -> Part:
    """Bars by age."""
    asked = looking.query()
    query = OpenCasesQuery.model_validate(asked)
    told = await looking.told(open_cases.told_open_cases, query)
    return Part((), [await figure(looking, open_pictures.picture(query, told, looking.speech), "open-cases", asked)])


async def way(looking: Looking) -> Part:
    """Who comes how far, what cases come to, where the time goes, when work comes in."""
    asked = looking.view.choice(looking.zone)
    query = FlowQuery.model_validate(asked)
    told = await looking.told(flow.told_flow, query)
    drawn = []
    for name in FLOWS:
        one = query.model_copy(update={"chart": name})
        picture = flow_pictures.picture(one, told, looking.speech)
        drawn.append(await figure(looking, picture, "flow", asked | {"chart": name}))
    return Part(_bottleneck(looking, told), drawn)


def _bottleneck(looking: Looking, told: Flow) -> list[str]:
    step, speech = told.bottleneck, looking.speech
    if step is None or step.share is None or step.n is None:
        return []
    before, after = (speech.say(f"point_{activity}_at") for activity in (step.before, step.after))
    values = {"before": before, "after": after, "share": speech.percent(step.share), "n": speech.number(step.n)}
    return [looking.text["bottleneck"].format(**values)]


PANELS: Mapping[str, Callable[[Looking], Awaitable[Part]]] = {
    "change": change, "trend": trend, "category": category, "survival": waiting, "open": open_by_age,
    "district": district, "flow": way,
}  # fmt: skip
"""In the order of the page."""
