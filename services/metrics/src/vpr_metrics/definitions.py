"""What each interval measures. A change of meaning is a new ``VERSION``: it is printed with every figure."""

from dataclasses import dataclass

VERSION = 2


@dataclass(frozen=True, slots=True)
class Interval:
    """The time between two clock points of one case; ``start`` and ``end`` name columns of ``records``."""

    name: str
    start: str
    end: str
    sentence: str


_ALL = (
    Interval(
        "reporting_delay", "occurred_to", "filed_at", "From the latest moment it can have happened to the filing."
    ),
    Interval(
        "virtual_response", "filed_at", "connected_at", "From the filing until officer and resident see each other."
    ),
    Interval("headline", "filed_at", "dispatched_at", "From the filing until the first unit is assigned."),
    Interval("triage_wait", "filed_at", "claimed_at", "From the filing until an officer first claims the case."),
    Interval(
        "dispatch_delay", "assessed_at", "dispatched_at", "From the first assessment until the first unit is assigned."
    ),
    Interval("turnout", "dispatched_at", "en_route_at", "From the first assignment until a unit is first en route."),
    Interval(
        "travel", "en_route_at", "arrived_at", "From first en route, not from dispatched, until the first arrival."
    ),
    Interval("response", "filed_at", "arrived_at", "From the filing until the first unit arrives."),
    Interval("on_scene", "arrived_at", "cleared_at", "From the first arrival until the last unit is cleared."),
    Interval(
        "chosen_delay",
        "earliest_at",
        "appointment_at",
        "From the first time that the resident could have had to the one that was chosen: the resident's own delay, no "
        "part of which is the service's.",
    ),
    Interval("resolution", "filed_at", "closed_at", "From the filing until the case is closed for the last time."),
)

INTERVALS = {interval.name: interval for interval in _ALL}

EXCLUDED = {
    "flagged": "The record itself is marked as excluded, such as a test call.",
    "no_start": "The interval's first clock point is missing.",
    "ended_before": "The case is over and never reached the interval's second clock point.",
}
"""Why a record is left out of an interval; the first that holds is counted."""

COUNTS = {
    "n": "Both clock points are known, in order: every statistic is taken over these.",
    "open": "The interval has begun, has not ended, and the case is not over.",
    "excluded": "Left out, for one of the reasons in excluded_reasons.",
    "invalid": "Not usable, for one of the reasons in invalid_reasons.",
}
"""Every record of a group is counted in exactly one of these."""

INVALID = {"end_before_start": "The second clock point lies before the first."}

STATISTICS = {
    "mean": "Arithmetic mean in seconds.",
    "median": "Middle value in seconds, interpolated linearly between neighbours.",
    "p90": "The value that nine tenths do not exceed, in seconds, interpolated linearly between neighbours.",
    "percentiles": "The values that the percentages asked for do not exceed, interpolated as the median is.",
    "min": "The smallest value in seconds.",
    "max": "The largest value in seconds.",
    "stddev": "Standard deviation of a sample (n - 1) in seconds, rounded to microseconds; none for one value.",
}

SMALL_NUMBERS = {
    "cells": "Figures of fewer than five cases are for supervisors, and so is what would tell of them by subtraction.",
    "single_values": "min, max and oldest are each the value of a single case: they are for supervisors. So are "
    "percentiles, other than the median, of which fewer than five cases lie at it or below, or at it or above.",
}
"""What those who may not see single cases are not shown: it is null for them."""

OVER = (
    "A live case is over when its report was withdrawn, or when it is closed and was not reopened since. A past case "
    "is over when closed_at is present; in a source that records no closed_at at all, when cleared_at is."
)

PATHWAYS = {
    "virtual": "Officer and resident were connected, if only by voice or in writing, or the extract says so.",
    "declined": "The resident declined video, and they were never connected.",
    "conventional": "Any other case of our own.",
    "historical": "A past case of an extract that was not met by video.",
}

OFFICER_INITIATED = (
    "An officer came upon it, nobody called. No live report tells that, so none counts as officer-initiated, a report "
    "that a clerk typed in neither; of a past case the extract tells, or nobody."
)

POINTS = {
    "occurred_from": "The earliest moment it can have happened.",
    "occurred_to": "The latest moment it can have happened.",
    "filed_at": "The report was accepted.",
    "opened_at": "The case stands in the queue.",
    "claimed_at": "An officer first claimed the case.",
    "earliest_at": "The first time for a meeting that the resident could have had when the appointment was booked; "
    "none when it was cancelled.",
    "appointment_at": "The time that was agreed, as it was last moved; none when it was cancelled.",
    "offered_at": "Video was first offered, or first asked for by the officer.",
    "invited_at": "The first join link was issued.",
    "accepted_at": "The resident first opened a join link.",
    "connected_at": "Officer and resident first saw each other; by voice or in writing alone they did not.",
    "declined_at": "The resident first declined video.",
    "no_show_at": "The resident first did not come.",
    "assessed_at": "The first assessment.",
    "dispatched_at": "The first unit was assigned.",
    "en_route_at": "A unit was first en route.",
    "arrived_at": "The first unit arrived.",
    "cleared_at": "The last unit was cleared, and none was assigned since. Of our own cases: the clearing with which "
    "the dispatch was completed.",
    "withdrawn_at": "The report was taken back.",
    "closed_at": "The case was closed for the last time, and not reopened since.",
}
"""Clock points that an interval of one's own may lie between."""


RULES = {
    "duplicates": "A case that is linked to another as its duplicate is counted by itself, from its own filing to its "
    "own closing; what is done for the other is not done for it. It is closed with the outcome duplicate.",
    "reopened": "The first claim, assessment, unit and arrival count, however often a case is reopened. It is closed "
    "when it was closed for the last time; a case that was reopened since is open, and its outcome is unknown.",
    "withdrawn": "A report that was withdrawn before its case was closed ends as withdrawn. One that is withdrawn "
    "after the closing keeps the outcome that it was closed with.",
    "repeat_sessions": "The first offer, link, opened link and connection of a case count, whichever session they "
    "belong to. Who declined or did not come, and was connected in another session, was met by video.",
    "repeat_dispatches": "The first unit that is assigned, en route and arrived counts, of whichever dispatch; it is "
    "over when the last unit of the last dispatch is cleared, and open as long as another unit is on it.",
    "chosen_delay": "A time later than the first one that could have been had is the resident's choice. It is measured "
    "by itself and taken out of no other interval: virtual_response and headline contain it.",
}
"""What holds for cases with a course of their own."""


def between(start: str, end: str) -> Interval:
    """The interval between two clock points, named by both."""
    name = f"{start.removesuffix('_at')}_to_{end.removesuffix('_at')}"
    return Interval(name, start, end, f"{POINTS[start]} Until: {POINTS[end]}")


CAUSES = {
    "reached": "The interval's second clock point.",
    "withdrawn": "The report was withdrawn before that.",
    "resolved": "The case was closed as resolved before that: of the headline, without anybody being sent.",
    "no_show": "The case was closed before that because the resident did not come.",
    "ended_otherwise": "The case was over before that for any other reason, or nobody recorded why.",
}
"""How the interval of a case ends; all but the first are competing outcomes."""

SURVIVAL = {
    "survival": "Kaplan-Meier: how likely a case takes longer, if what competes did not exist. Cases that wait, and "
    "those that ended otherwise, count as long as they were seen; at a tie, an end comes before them.",
    "band": "Pointwise confidence interval, log-log of Greenwood's variance; none where it is undefined.",
    "percentiles": "The first time at which so many have ended; none where the curve does not come down so far. Its "
    "interval is where the band's edges come down so far.",
    "small_numbers": "For who is not a supervisor the curve begins when five cases have ended and stops when fewer "
    "than five are at risk, and so do percentiles other than the median, which is of all.",
    "incidence": "Aalen-Johansen: how likely a case has ended so by then, with all that competes.",
    "observed_until": "Until when a case that waits was seen to wait: now, until, or as_of; of past cases the latest "
    "clock point of their source at the most.",
}

ARMS = {
    "all": "Every live case.",
    "eligible": "The rules found it fit for virtual response, or video was offered or held all the same.",
    "not_eligible": "Every other live case.",
    "offered": "Video was offered, asked for by the officer, or held.",
    "not_offered": "Eligible, yet never offered.",
    "accepted": "The resident opened a join link, or was connected.",
    "declined": "The resident declined video and was never connected.",
}
"""The intention to treat: cases by what was meant for them, whatever came of it."""

ENDS = {
    "closed": "Closed, and not reopened since.",
    "settled_without_dispatch": "Closed without any unit, neither as a duplicate nor because the report was "
    "withdrawn nor for want of the resident.",
    "withdrawn": "The report was withdrawn.",
    "no_show": "The resident did not come, at least once.",
    "reopened": "Reopened after it was closed, at least once.",
    "duplicate": "Linked to another report's case as its duplicate.",
    "declined": "The resident declined video, at least once.",
}

FLOW = {
    "stages": "How many cases reached each stage, and how long after filing; a case may leave stages out.",
    "transitions": "From one milestone of a case to the next in time; at the same moment the usual order counts.",
    "bottleneck": "The transition in which the cases together spent the most time, and its share of all of it; of "
    "those that are shown.",
    "workload": "How often a kind of work came in an hour of the week, in the city's zone: 1-08 is Monday from eight.",
}
