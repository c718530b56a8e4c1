"""Hours of the week as a grid."""

from vpr_metrics.charting.picture import Kind, Picture
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.pictures.timing_parts import lines, numbers, title
from vpr_metrics.charting.speech import Speech, Unit
from vpr_metrics.schemas.figures import Figures, Group, IntervalTimings, TimingQuery, Timings

HOURS = "hour_of_week"


def picture(query: TimingQuery, one: IntervalTimings, told: Timings, speech: Speech) -> Picture:
    """The median of each hour of the week."""
    groups = [group for group in one.groups if group.keys[HOURS] != "unknown"]
    unit = Unit.fit(*(group.median for group in groups))
    named: list[tuple[str, Figures]] = [(_hour(group, speech), group) for group in groups]
    return Picture(
        kind=Kind.HEAT,
        title=title(one, told, speech),
        lines=lines(query, one, told, speech, speech.say("median"), speech.say("too_few_mark")),
        rows=[
            {"day": speech.hour_of_week(group.keys[HOURS])[0], "hour": speech.hour_of_week(group.keys[HOURS])[1]}
            | {"value": None if group.median is None else group.median / unit.seconds, "n": group.n}
            | {"few": group.suppressed}
            for group in groups
        ],
        words={"value": f"{speech.say('median')}, {speech.say(f'in_{unit.name}')}"}
        | hour_words(speech)
        | stating.blanks(speech),
        numbers=numbers(speech.say("by_hour_of_week"), named, speech, unit),
        language=speech.language,
    )


def _hour(group: Group, speech: Speech) -> str:
    day, hour = speech.hour_of_week(group.keys[HOURS])
    return f"{day} {hour:02}:00"


def hour_words(speech: Speech) -> dict[str, str]:
    """The words of a picture of the week: the names of its days, and the axis of hours."""
    days = {str(number): speech.say(f"day_{number}") for number in range(1, 8)}
    return {"days": " ".join(days.values()), "hour": speech.say("hour")}
