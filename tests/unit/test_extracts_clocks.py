"""Local time rules on synthetic stamps."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from vpr_intake.extracts import mapping as mappings
from vpr_intake.extracts.clocks import UnreadableTime, WallClock, place, resolve

CHICAGO = ZoneInfo("America/Chicago")
TWO_HOURS = timedelta(hours=2)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def mapping(**changes: object) -> mappings.Mapping:
    take = {"dispatched": "first", "en_route": "first", "arrived": "first", "cleared": "last"}
    lists = {name: {"kind": "list", "column": name, "take": how} for name, how in take.items()}
    base = {
        "source": "sample",
        "title": "Sample",
        "licence": "none",
        "credit": "nobody",
        "zone": "America/Chicago",
        "record_id": "id",
        "day": {"column": "day", "format": "%Y-%m-%d"},
        "points": lists,
    }
    return mappings.Mapping.model_validate(base | changes)


def instants(day: str, changes: Mapping[str, object] | None = None, **cells: str) -> dict[str, datetime]:
    clock = WallClock(mapping(**(changes or {})), lambda column: {"day": day, **cells}.get(column) or None, CHICAGO)
    return {name: stamp.instant for name, stamp in clock.read().items()}


@pytest.mark.parametrize(
    ("stamp", "reference", "expected"),
    [
        ("00:10", "2020-05-01T23:50", "2020-05-02T00:10"),
        ("23:50", "2020-05-01T23:50", "2020-05-01T23:50"),
        ("21:50", "2020-05-01T23:50", "2020-05-01T21:50"),
        ("21:49", "2020-05-01T23:50", "2020-05-02T21:49"),
        ("23:55", "2020-05-02T00:05", "2020-05-01T23:55"),
    ],
)
def test_a_time_of_day_is_placed_from_two_hours_before_its_reference(stamp: str, reference: str, expected: str) -> None:
    assert place(time.fromisoformat(stamp), local(reference), TWO_HOURS) == local(expected)


def test_a_plain_local_time_needs_no_repair() -> None:
    stamp = resolve(local("2020-07-01T12:00"), CHICAGO, None)
    assert (stamp.instant, stamp.repair) == (utc("2020-07-01T17:00"), None)


def test_a_time_in_the_spring_gap_keeps_the_offset_before_it() -> None:
    stamp = resolve(local("2020-03-08T02:30"), CHICAGO, None)
    assert (stamp.instant, stamp.repair) == (utc("2020-03-08T08:30"), "time_in_dst_gap")


def test_an_ambiguous_time_is_the_first_of_its_instants() -> None:
    stamp = resolve(local("2020-11-01T01:30"), CHICAGO, utc("2020-11-01T06:00"))
    assert (stamp.instant, stamp.repair) == (utc("2020-11-01T06:30"), "time_ambiguous")


def test_an_ambiguous_time_that_would_precede_the_stamp_before_it_is_the_second() -> None:
    stamp = resolve(local("2020-11-01T01:05"), CHICAGO, utc("2020-11-01T06:39"))
    assert (stamp.instant, stamp.repair) == (utc("2020-11-01T07:05"), "time_ambiguous")


def test_a_stamp_with_an_offset_is_taken_as_it_is() -> None:
    stamp = resolve(local("2020-11-01T01:30-06:00"), CHICAGO, None)
    assert (stamp.instant, stamp.local) == (utc("2020-11-01T07:30"), local("2020-11-01T01:30"))


def test_midnights_are_counted_within_and_between_lists() -> None:
    read = instants(
        "2020-05-01", dispatched="A=23:50:00, B=00:05:00", arrived="A=23:58:00", cleared="A=01:00:00, B=22:30:00"
    )
    assert read == {
        "dispatched": utc("2020-05-02T04:50"),
        "arrived": utc("2020-05-02T04:58"),
        "cleared": utc("2020-05-03T03:30"),
    }


def test_slight_disorder_is_kept_and_not_taken_for_a_midnight() -> None:
    read = instants("2020-05-01", dispatched="A=03:46:45", en_route="A=02:29:00")
    assert read["en_route"] - read["dispatched"] == timedelta(seconds=-4665)


def test_a_missing_dispatch_leaves_the_first_stamp_present_on_the_day() -> None:
    assert instants("2020-05-01", arrived="A=23:58:00", cleared="A=00:10:00") == {
        "arrived": utc("2020-05-02T04:58"),
        "cleared": utc("2020-05-02T05:10"),
    }


def test_the_autumn_hour_runs_twice_through_a_list() -> None:
    read = instants("2011-11-06", dispatched="A=01:39:59", cleared="A=01:05:37, B=01:47:11")
    assert read == {"dispatched": utc("2011-11-06T06:39:59"), "cleared": utc("2011-11-06T07:47:11")}


@pytest.mark.parametrize(("take", "hour"), [("first", 13), ("last", 12), ("min", 12), ("max", 14)])
def test_a_list_gives_the_stamp_that_the_mapping_takes(take: str, hour: int) -> None:
    points = {"points": {"dispatched": {"kind": "list", "column": "units", "take": take}}}
    read = instants("2020-05-01", points, units="A=13:00:00, B=14:00:00, C=12:00:00")
    assert read["dispatched"] == utc(f"2020-05-01T{hour + 5}:00")


def test_date_and_time_columns_make_a_stamp_that_later_times_of_day_follow() -> None:
    called = {"kind": "time", "column": "t", "format": "%H%M", "date": {"column": "d", "format": "%m/%d/%y"}}
    points = {"points": {"filed": called, "closed": {"kind": "time", "column": "c"}}, "day": None}
    read = instants("", points, d="5/1/20", t="2350", c="00:10:00")
    assert read == {"filed": utc("2020-05-02T04:50"), "closed": utc("2020-05-02T05:10")}


@pytest.mark.parametrize(("cell", "at"), [("2020-07-02T02:00:00Z", "02:00"), ("2020-07-02T03:30:00+02:00", "01:30")])
def test_day_and_time_of_day_of_a_stamp_with_an_offset_are_those_of_the_mappings_zone(cell: str, at: str) -> None:
    form = "%Y-%m-%dT%H:%M:%S%z"
    day = {"column": "stamp", "format": form}
    for date in (day, None):
        told = {"kind": "time", "column": "stamp", "format": form} | ({"date": date} if date else {})
        read = instants("", {"points": {"filed": told}, "day": day}, stamp=cell)
        assert read["filed"] == utc(f"2020-07-02T{at}")


def test_occurrence_does_not_date_what_follows() -> None:
    occurred = {"kind": "datetime", "column": "o", "format": "%Y-%m-%d %H:%M"}
    points = {"points": {"occurred_to": occurred, "dispatched": {"kind": "time", "column": "t"}}}
    read = instants("2020-05-01", points, o="2020-04-20 10:00", t="12:00:00")
    assert read["dispatched"] == utc("2020-05-01T17:00")


@pytest.mark.parametrize(("year", "full"), [("68", 2068), ("69", 1969)])
def test_two_digit_years_turn_at_sixty_nine(year: str, full: int) -> None:
    points = {"points": {"filed": {"kind": "datetime", "column": "f", "format": "%m/%d/%y %H:%M"}}}
    assert instants("", points, f=f"1/2/{year} 12:00")["filed"].year == full


@pytest.mark.parametrize("text", ["A=25:00:00", "12:00:00", "A=12:00:00,", "=12:00:00"])
def test_a_list_with_an_unreadable_entry_names_its_column(text: str) -> None:
    with pytest.raises(UnreadableTime) as raised:
        instants("2020-05-01", dispatched=text)
    assert (raised.value.reason, raised.value.column) == ("unreadable_time", "dispatched")


@pytest.mark.parametrize("text", ["9999-12-31 23:59 -0600", "9999-12-31 23:59", "0001-01-01 00:00 +0000"])
def test_a_stamp_at_the_end_of_all_calendars_is_unreadable(text: str) -> None:
    told = {"kind": "datetime", "column": "f", "format": ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M %z"]}
    with pytest.raises(UnreadableTime) as raised:
        instants("", {"points": {"filed": told}}, f=text)
    assert (raised.value.reason, raised.value.column) == ("unreadable_time", "f")


def test_a_time_of_day_without_any_date_is_unreadable() -> None:
    with pytest.raises(UnreadableTime, match="no_date"):
        instants("", dispatched="A=12:00:00")
