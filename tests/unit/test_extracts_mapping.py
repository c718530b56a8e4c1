"""Mapping files: what is shipped loads, what is wrong is named."""

import pytest

from vpr_intake.extracts import MappingError, load_mapping, shipped_mappings

YAML = """
source: sample
title: Sample
licence: none
credit: nobody
zone: America/Winnipeg
record_id: id
points:
  filed: {kind: datetime, column: filed, format: "%Y-%m-%d %H:%M"}
"""


def test_defaults_are_an_in_person_pathway_and_the_first_row_of_an_id() -> None:
    mapping = load_mapping(YAML)
    assert (mapping.pathway, mapping.same_id, mapping.midnight_tolerance_minutes) == ("in_person", "first", 120)


def test_one_format_may_stand_without_a_list() -> None:
    assert load_mapping(YAML).points["filed"].format == ("%Y-%m-%d %H:%M",)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("source: sample", "source: No Good", "source"),
        ("source: sample", "source: live", "source"),
        ("America/Winnipeg", "America/Nowhere", "zone"),
        ("America/Winnipeg", "/etc/passwd", "zone"),
        ("%H:%M", "%H:%Q", "points.filed.datetime.format"),
        ("kind: datetime", "kind: epoch", "points.filed"),
        ("filed: {", "phoned: {", "points.phoned"),
        ("record_id: id", "record_id: id\npathway: drone", "pathway"),
        ("record_id: id", "record_id: id\nexclud: []", "exclud"),
        ("record_id: id", 'record_id: id\nexclude: [{column: a, matches: "(", reason: x}]', "exclude.0.matches"),
        ("record_id: id", "record_id: id\nexclude: [{column: a, matches: b, reason: Not A Code}]", "exclude.0.reason"),
        ("record_id: id", "", "record_id"),
    ],
)
def test_a_wrong_field_is_named(old: str, new: str, named: str) -> None:
    with pytest.raises(MappingError, match=named.replace(".", r"\.")):
        load_mapping(YAML.replace(old, new))


@pytest.mark.parametrize(
    ("form", "instead"),
    [
        ("%H:%M:%S", "must tell date"),
        ("%Y-%m-%d", "must tell date, hour and minute"),
        ("%m-%d %H:%M", "must tell date"),
        ("%Y-%m-%d %I:%M", "14:15 as 2001-12-13 02:15"),
        ("%Y-%m-%d %H:%m", "part twice"),
        ("%Y-%m-%d %H:%M %p", "beside %I"),
        ("%Y-%m-%d %H:%M %Z", "write %z"),
        ("%Y-%m-%dT%H:%M:%SZ", "write %z"),
        ("%Y-%m-%dT%H:%M:%S.000Z", "write %z"),
        ("%Y-%m-%d %H:%M:%S UTC", "write %z"),
        ("%Y-%m-%d %H:%M-06:00", "write %z"),
    ],
)
def test_a_format_by_which_a_moment_would_be_misread_is_refused(form: str, instead: str) -> None:
    with pytest.raises(MappingError, match=rf"points\.filed\.(?:datetime\.)?format.*{instead}"):
        load_mapping(YAML.replace("%Y-%m-%d %H:%M", form))


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S%z", "%m/%d/%y %I:%M %p", "%Y-%j %H%M", "%d.%m.%Y um %H:%M Uhr%%"])
def test_a_format_that_tells_the_moment_is_kept(form: str) -> None:
    assert load_mapping(YAML.replace("%Y-%m-%d %H:%M", form)).points["filed"].format == (form,)


@pytest.mark.parametrize("form", ["%I:%M", "%M:%S", "%H:%M %p", "%H:%M%z", "%H:%MZ", "%H:%M %Z"])
def test_a_format_by_which_a_time_of_day_would_be_misread_is_refused(form: str) -> None:
    point = '{kind: datetime, column: filed, format: "%Y-%m-%d %H:%M"}'
    told = f'{{kind: time, column: filed, format: "{form}"}}\nday: {{column: day, format: "%Y-%m-%d"}}'
    with pytest.raises(MappingError, match=r"points\.filed\.(?:time\.)?format"):
        load_mapping(YAML.replace(point, told))


@pytest.mark.parametrize("form", ["%m/%d", "%Y", "%H:%M", "%Y-%m-%d %Z", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d%z"])
def test_a_format_by_which_a_day_would_be_misread_is_refused(form: str) -> None:
    with pytest.raises(MappingError, match=r"day\.format"):
        load_mapping(YAML + f'day: {{column: day, format: "{form}"}}')


def test_a_zone_may_stand_as_text_where_it_is_the_mappings_own() -> None:
    told = YAML.replace("America/Winnipeg", "UTC").replace("%H:%M", "%H:%MZ")
    assert load_mapping(told).points["filed"].format == ("%Y-%m-%d %H:%MZ",)


def test_times_of_day_alone_need_a_day() -> None:
    point = '{kind: datetime, column: filed, format: "%Y-%m-%d %H:%M"}'
    with pytest.raises(MappingError, match="day"):
        load_mapping(YAML.replace(point, "{kind: time, column: filed}"))


@pytest.mark.parametrize("text", ["", "- a", "a: [", "just words"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(MappingError):
        load_mapping(text)


def test_the_columns_read_are_all_that_the_mapping_names() -> None:
    mapping = load_mapping(
        YAML + "units: unit\nday: {column: day, format: '%Y-%m-%d'}\ncategory: {column: kind}\n"
        "priority: {column: prio, gravest: highest}\nexclude: [{column: remark, matches: x, reason: x}]\n"
    )
    assert mapping.columns() == {"id", "filed", "unit", "day", "kind", "prio", "remark"}


def test_every_shipped_mapping_loads_and_says_what_it_decided() -> None:
    mappings = {name: load_mapping(text) for name, text in shipped_mappings().items()}
    assert set(mappings) == {"lancaster_fire_ems", "nypd_2024", "virginia_beach_ems"}
    assert all(mapping.notes and mapping.licence and mapping.credit for mapping in mappings.values())
    assert len({mapping.source for mapping in mappings.values()}) == len(mappings)
