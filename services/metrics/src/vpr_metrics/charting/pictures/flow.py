"""The way of cases as pictures: how far they come, what they come to, where the time goes, when work comes in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vpr_metrics.charting.picture import Kind, Numbers, Picture
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.pictures.weeks import hour_words
from vpr_metrics.charting.speech import DASH, HOUR, Speech
from vpr_metrics.schemas.flow import Flow, FlowQuery, Transition, Work

MOST_STEPS = 12
FILED = "filed_at"


def picture(query: FlowQuery, told: Flow, speech: Speech) -> Picture:
    """The one that ``chart`` names."""
    return DRAWN[query.chart](query, told, speech)


def _lines(query: FlowQuery, told: Flow, speech: Speech, *notes: str) -> Sequence[str]:
    return [
        speech.say("total_cases", n=speech.count(told.cases)),
        stating.filters(query, speech, told.zone),
        stating.moment(told.as_of, told.zone, speech, told.until),
        *notes,
    ]


def _bar(name: str, count: int | None, share: float | None, speech: Speech) -> dict[str, Any]:
    label = speech.count(count) if share is None else f"{speech.count(count)} ({speech.percent(share)})"
    return {"name": name, "value": count, "label": label, "few": count is None}


def _counted(query: FlowQuery, told: Flow, speech: Speech, title: str, bars: Sequence[dict[str, Any]]) -> Picture:
    return Picture(
        kind=Kind.BARS,
        title=speech.say(title),
        lines=_lines(query, told, speech),
        rows=bars,
        words={"value": speech.say("cases")} | stating.blanks(speech),
        numbers=Numbers((speech.say("group"), "n"), [(bar["name"], bar["label"]) for bar in bars]),
        language=speech.language,
    )


def _funnel(query: FlowQuery, told: Flow, speech: Speech) -> Picture:
    bars = [_bar(speech.say(f"point_{one.stage}"), one.cases, one.share, speech) for one in told.stages]
    return _counted(query, told, speech, "title_funnel", bars)


def _ends(query: FlowQuery, told: Flow, speech: Speech) -> Picture:
    bars = [_bar(speech.say(f"end_{one.end}"), one.cases, one.share, speech) for one in told.ends]
    return _counted(query, told, speech, "title_ends", bars)


def _transitions(query: FlowQuery, told: Flow, speech: Speech) -> Picture:
    kept = [(_step(one, speech), one) for one in told.transitions[:MOST_STEPS]]
    notes = []
    if len(kept) < len(told.transitions):
        notes.append(speech.say("thinned", n=len(kept), all=len(told.transitions)))
    return Picture(
        kind=Kind.BARS,
        title=speech.say("title_transitions"),
        lines=_lines(query, told, speech, *notes),
        rows=[
            {"name": name, "value": None if one.total is None else one.total / HOUR, "few": one.suppressed}
            | {"label": _share(one, speech)}
            for name, one in kept
        ],
        words={"value": speech.say("hours_in_all")} | stating.blanks(speech),
        numbers=Numbers(
            (speech.say("group"), "n", speech.say("mean"), speech.say("median"), speech.say("share")),
            [_cells(name, one, speech) for name, one in kept],
        ),
        language=speech.language,
    )


def _step(one: Transition, speech: Speech) -> str:
    before, after = (speech.say(f"point_{activity}_at") for activity in (one.before, one.after))
    return speech.say("step", before=before, after=after)


def _share(one: Transition, speech: Speech) -> str:
    return "" if one.share is None or one.n is None else f"{speech.percent(one.share)}, n = {speech.number(one.n)}"


def _cells(name: str, one: Transition, speech: Speech) -> list[str]:
    if one.n is None:
        return [name, speech.say("too_few"), DASH, DASH, DASH]
    share = DASH if one.share is None else speech.percent(one.share)
    return [name, speech.number(one.n), speech.time(one.mean), speech.time(one.median), share]


def _workload(query: FlowQuery, told: Flow, speech: Speech) -> Picture:
    """The hours of the week in which reports were filed."""
    work = [one for one in told.workload if one.activity == FILED]
    few = [speech.say("too_few_mark")] if any(one.n is None for one in work) else []
    return Picture(
        kind=Kind.HEAT,
        title=speech.say("title_workload", activity=speech.say(f"point_{FILED}")),
        lines=_lines(query, told, speech, *few),
        rows=[_cell(one, speech) for one in work],
        words={"value": speech.say("cases")} | hour_words(speech) | stating.blanks(speech),
        numbers=Numbers(
            (speech.say("by_hour_of_week"), "n"),
            [
                (f"{cell['day']} {cell['hour']:02}:00", speech.count(cell["n"]))
                for cell in (_cell(one, speech) for one in work)
            ],
        ),
        language=speech.language,
    )


def _cell(one: Work, speech: Speech) -> dict[str, Any]:
    day, hour = speech.hour_of_week(one.hour)
    return {"day": day, "hour": hour, "value": one.n, "n": one.n, "few": one.n is None}


DRAWN: Mapping[str, Callable[[FlowQuery, Flow, Speech], Picture]] = {
    "funnel": _funnel, "ends": _ends, "transitions": _transitions, "workload": _workload,
}  # fmt: skip
