"""From a picture to its Vega-Lite, by altair. Runs where pictures are drawn: in a process of its own."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from vpr_metrics.charting.picture import Kind
from vpr_metrics.charting.styling import CONFIG, DASHES, EMPTY, INK, LINE, SEQUENCE, SERIES, SHAPES, SOFT, WIDE

STEP, CELL = 24, 17
STROKES = alt.Legend(symbolType="stroke", symbolSize=400)
CHARACTER = 6.4
"""Of a line of text, in pixels on average."""

type Told = Mapping[str, Any]
type Layers = alt.LayerChart | alt.FacetChart


def specification(told: Told, width: int = WIDE, *, titled: bool = True) -> dict[str, Any]:
    """The Vega-Lite of a picture (as plain values), ``width`` pixels wide in all."""
    shown = any(row.get("value") is not None for row in told["rows"])
    chart, height = (DRAWN[Kind(told["kind"])](told), _height(told)) if shown else (_nothing(told), STEP * 2)
    chart = chart.properties(width=width, height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    if titled:
        chart = chart.properties(title=_title(told, width))
    spec: dict[str, Any] = chart.to_dict()
    return spec | {"config": CONFIG}


def _title(told: Told, width: int) -> alt.TitleParams:
    characters = int(width / CHARACTER)
    lines = [part for line in told["lines"] for part in textwrap.wrap(line, characters)]
    return alt.TitleParams(text=textwrap.wrap(told["title"], int(characters * 0.8)), subtitle=lines)


def _height(told: Told) -> int:
    rows = told["rows"]
    match Kind(told["kind"]):
        case Kind.DOTS:
            return STEP * max(len({row["group"] for row in rows}), 1)
        case Kind.BARS:
            return STEP * max(len(rows), 1)
        case Kind.HEAT:
            return CELL * 7
        case Kind.MAP:
            return 320
        case _:
            return 260


def _values(rows: Sequence[Told]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _series(rows: Sequence[Told]) -> list[str]:
    return list(dict.fromkeys(row["series"] for row in rows if row.get("series")))


def _colour(names: Sequence[str], legend: alt.Legend | None) -> alt.Color:
    scale = alt.Scale(domain=list(names), range=list(SERIES[: len(names)]) or [SERIES[0]])
    return alt.Color("series:N", scale=scale, title=None, legend=legend)


def _dash(names: Sequence[str], legend: alt.Legend | None) -> alt.StrokeDash:
    scale = alt.Scale(domain=list(names), range=[list(one) for one in DASHES[: len(names)]])
    return alt.StrokeDash("series:N", scale=scale, title=None, legend=legend)


def _notes(rows: Sequence[Told], told: Told, position: str) -> alt.Chart:
    """Words in the place of marks, for who has too few cases, or none."""
    words = [
        {position: row[position], "note": told["words"]["few" if row.get("few") else "none"]}
        for row in rows
        if row.get("few") or row.get("none")
    ]
    notes: alt.Chart = (
        alt.Chart(_values(words))
        .mark_text(align="left", fontStyle="italic", color=SOFT, fontSize=12)
        .encode(y=alt.Y(f"{position}:N", sort=None, title=None), x=alt.value(6), text="note:N")
    )
    return notes


def _nothing(told: Told) -> Layers:
    """Words alone: a picture without a number."""
    few = any(row.get("few") for row in told["rows"])
    words = [{"note": told["words"]["few" if few else "none"]}]
    note = alt.Chart(_values(words)).mark_text(align="left", fontStyle="italic", color=SOFT, fontSize=14)
    return alt.layer(note.encode(x=alt.value(6), text="note:N"))


def _dots(told: Told) -> Layers:
    rows = told["rows"]
    marked, names = [row for row in rows if row.get("series")], _series(rows)
    order = list(dict.fromkeys(row["group"] for row in rows))
    y = alt.Y("group:N", sort=order, scale=alt.Scale(domain=order), title=None)
    x = alt.X("value:Q", title=told["words"]["value"], scale=alt.Scale(zero=True))
    base = alt.Chart(_values(marked))
    rules = base.mark_rule(color=EMPTY, strokeWidth=2).encode(y=y, x="min(value):Q", x2="max(value):Q")
    shape = alt.Shape("series:N", scale=alt.Scale(domain=names, range=list(SHAPES[: len(names)])), title=None)
    points = base.mark_point(size=80, filled=True, opacity=1).encode(
        y=y, x=x, color=_colour(names, alt.Legend()), shape=shape,
        tooltip=[alt.Tooltip("group:N"), alt.Tooltip("series:N"), alt.Tooltip("value:Q", format=",.1f")],
    )  # fmt: skip
    return alt.layer(rules, points, _notes(rows, told, "group"))


def _bars(told: Told) -> Layers:
    rows = told["rows"]
    order, names = [row["name"] for row in rows], _series(rows)
    most = max((row["value"] for row in rows if row["value"] is not None), default=0) or 1
    longest = max((len(row["label"]) for row in rows), default=0)
    x = alt.X("value:Q", title=told["words"]["value"], scale=alt.Scale(domain=[0, most * (1.15 + longest / 36)]))
    y = alt.Y("name:N", sort=order, scale=alt.Scale(domain=order), title=None)
    shown = alt.Chart(_values([row for row in rows if row["value"] is not None]))
    colour = _colour(names, None) if names else alt.value(SERIES[0])
    tooltip = [alt.Tooltip("name:N"), alt.Tooltip("label:N")]
    bars = shown.mark_bar(size=14).encode(x=x, y=y, color=colour, tooltip=tooltip)
    labels = shown.mark_text(align="left", dx=4, color=INK, fontSize=12).encode(x=x, y=y, text="label:N")
    return alt.layer(bars, labels, _notes(rows, told, "name"))


def _trend(told: Told) -> Layers:
    rows, names = told["rows"], _series(told["rows"])
    x = alt.X(
        "time:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(labelOverlap=True, format="%Y-%m-%d", tickCount=6),
    )
    y = alt.Y("value:Q", title=told["words"]["value"], scale=alt.Scale(zero=True))
    base = alt.Chart(_values(rows))
    tooltip = [alt.Tooltip("time:T", format="%Y-%m-%d"), "series:N", alt.Tooltip("value:Q", format=",.1f"), "n:Q"]
    lines = base.mark_line(strokeWidth=2, interpolate="linear").encode(
        x=x, y=y, color=_colour(names, STROKES), strokeDash=_dash(names, STROKES)
    )
    points = base.mark_point(filled=True, size=18, opacity=1).encode(
        x=x, y=y, color=_colour(names, STROKES), tooltip=tooltip
    )
    few = alt.Chart(_values([row for row in rows if row["few"]]))
    crosses = few.mark_text(text="\u00d7", color=SOFT, fontSize=13, dy=-5).encode(x=x, y=alt.datum(0))
    return alt.layer(lines, points, crosses)


def _curves(told: Told) -> Layers:
    rows = [row for row in told["rows"] if not row.get("few")]
    names = _series(rows)
    legend = STROKES if len(names) > 1 else None
    x = alt.X("time:Q", title=told["words"]["time"], scale=alt.Scale(zero=True, nice=False))
    y = alt.Y("value:Q", title=told["words"]["value"], scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    base = alt.Chart(_values(rows))
    bands = base.mark_area(interpolate="step-after", opacity=0.18).encode(
        x=x, y=alt.Y("low:Q", title=told["words"]["value"]), y2="high:Q", color=_colour(names, legend)
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        x=x, y=y, color=_colour(names, legend), strokeDash=_dash(names, legend),
        tooltip=["series:N", alt.Tooltip("time:Q", format=",.1f"), alt.Tooltip("value:Q", format=".1%")],
    )  # fmt: skip
    banded = any(row.get("low") is not None for row in rows)
    return alt.layer(bands, lines) if banded else alt.layer(lines)


def _heat(told: Told) -> Layers:
    rows, days = told["rows"], told["words"]["days"].split()
    x = alt.X(
        "hour:O", title=told["words"]["hour"], scale=alt.Scale(domain=list(range(24))),
        axis=alt.Axis(values=[0, 6, 12, 18, 23], labelAngle=0),
    )  # fmt: skip
    y = alt.Y("day:N", sort=days, scale=alt.Scale(domain=days), title=None)
    legend = alt.Legend(orient="bottom", direction="horizontal", gradientLength=160, gradientThickness=10)
    colour = alt.Color(
        "value:Q", scale=alt.Scale(scheme=SEQUENCE, reverse=True), title=told["words"]["value"], legend=legend
    )
    tooltip = ["day:N", "hour:O", alt.Tooltip("value:Q", format=",.1f"), "n:Q"]
    shown = alt.Chart(_values([row for row in rows if row["value"] is not None]))
    cells = shown.mark_rect(stroke="white").encode(x=x, y=y, color=colour, tooltip=tooltip)
    few = alt.Chart(_values([row for row in rows if row["few"]])).encode(x=x, y=y)
    return alt.layer(cells, few.mark_rect(color=LINE, stroke="white"), few.mark_text(text="\u00d7", color=SOFT))


def _map(told: Told) -> Layers:
    found = {row["code"]: row for row in told["rows"]}
    features = [
        {"type": "Feature", "geometry": one["geometry"], "code": one["code"], "at": one["at"]}
        | {key: found.get(one["code"], {}).get(key) for key in ("name", "value", "n")}
        for one in told["shapes"]
    ]
    legend = alt.Legend(orient="bottom", direction="horizontal", gradientLength=160, gradientThickness=10)
    colour = alt.Color(
        "value:Q", scale=alt.Scale(scheme=SEQUENCE, reverse=True), title=told["words"]["value"], legend=legend
    )
    tooltip = ["name:N", alt.Tooltip("value:Q", format=",.1f"), "n:Q"]
    known = alt.Chart(alt.InlineData(values=[one for one in features if one["value"] is not None]))
    every = alt.Chart(alt.InlineData(values=features)).mark_geoshape(fill=EMPTY, stroke="white", strokeWidth=1)
    shaded = known.mark_geoshape(stroke="white", strokeWidth=1).encode(color=colour, tooltip=tooltip)
    labels = alt.Chart(_values([{"code": one["code"], "x": one["at"][0], "y": one["at"][1]} for one in features]))
    halo = labels.mark_text(fontSize=11, fontWeight="bold", stroke="white", strokeWidth=3, strokeJoin="round")
    text = labels.mark_text(fontSize=11, fontWeight="bold", color=INK)
    projection = {"type": "identity", "reflectY": True}
    places = {"longitude": "x:Q", "latitude": "y:Q", "text": "code:N"}
    return alt.layer(every, shaded, halo.encode(**places), text.encode(**places)).properties(projection=projection)


DRAWN: Mapping[Kind, Callable[[Told], Layers]] = {
    Kind.DOTS: _dots, Kind.BARS: _bars, Kind.TREND: _trend, Kind.CURVES: _curves, Kind.HEAT: _heat, Kind.MAP: _map,
}  # fmt: skip
