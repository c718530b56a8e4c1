"""A city's files: what is wrong in one is told with its file, line and reason."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from vpr.cli.main import app
from vpr_events.contracts.values import Gravest
from vpr_intake.catalogue import Kind
from vpr_intake.city import CityError, load_city, shipped
from vpr_intake.domain.screening import Outcome
from vpr_intake.settings import Settings
from vpr_service.settings import SharedSettings

WINNIPEG = shipped()["winnipeg"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample city, to be spoilt."""
    return Path(shutil.copytree(WINNIPEG, tmp_path / "city"))


def test_the_shipped_city_is_whole() -> None:
    city = load_city(WINNIPEG)
    assert (len(city.categories), len(city.districts.all)) == (20, 15)
    assert (city.priorities.top, city.priorities.gravest) == (0, Gravest.LOWEST)
    assert all(one.told_in("fr").name == one.name_fr for one in city.categories.values())
    assert len({one.local_code for one in city.categories.values()}) == 20
    assert city.categories["theft"].ucr2 == "2140"
    assert city.categories["stolen_vehicle"].nibrs == "240"
    assert "911" in city.told(Outcome.EMERGENCY)
    assert "911" in city.told(Outcome.EMERGENCY, "fr")
    assert "City of Winnipeg" in city.credit
    assert city.retention
    assert (city.retention.default.code, city.retention.default.kept.days) == ("general", 1095)
    assert city.retention.of("robbery").kept.days == 3650
    assert [one.code for one in city.categories.values() if one.restricted] == ["drug_gang_information"]


def test_a_city_may_name_no_retention(folder: Path) -> None:
    file = folder / "city.yaml"
    file.write_text(file.read_text().partition("retention:")[0])
    assert load_city(folder).retention is None


def test_a_question_is_told_in_french_and_keeps_its_keys() -> None:
    asked = load_city(WINNIPEG).categories["theft"].question("weapon")
    assert asked
    french = asked.told_in("fr")
    assert (french.kind, french.keys) == (Kind.SINGLE, asked.keys)
    assert (dict(french.options)["yes"], dict(asked.options)["yes"]) == ("Oui", "Yes")
    assert french.text != asked.text


def replacing(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


BAD: dict[str, tuple[str, Callable[[str], str], str, str]] = {
    "a key that is none": ("city.yaml", replacing("zone:", "zoen:"), "zoen:", "zoen: Extra inputs"),
    "a zone that is none": ("city.yaml", replacing("America/Winnipeg", "America/Nowhere"), "zone:", "IANA time zone"),
    "a scale upside down": ("city.yaml", replacing("lowest: 0", "lowest: 10"), "priorities:", "lowest must be below"),
    "a day that ends before it begins": ("city.yaml", replacing("10:00-16:00", "16:00-10:00"), "saturday:", "earlier"),
    "hours that are none": ("city.yaml", replacing("10:00-16:00", "ten-16:00"), "saturday:", "hours such as"),
    "a retention of a category that is none": (
        "city.yaml", replacing("    assault: {code", "    asault: {code"), "asault", "there is no category asault"
    ),
    "two retentions of one code": (
        "city.yaml", replacing("violence, days: 3650}", "general, days: 3650}"), "general, days: 3650",
        "general is 1095 days elsewhere",
    ),
    "a retention of no days": ("city.yaml", replacing("days: 1095", "days: 0"), "default:", "retention.default.days"),
    "a retention in months": ("city.yaml", replacing("days: 1095", "months: 36"), "default:", "retention.default"),
    "a category that is perhaps restricted": (
        "categories.yaml", replacing("restricted: true", "restricted: yes"), "restricted", "restricted"
    ),
    "a language that we lack": ("city.yaml", replacing("[en, fr]", "[en, de]"), "languages:", "Input should be 'en'"),
    "no English": ("city.yaml", replacing("languages: [en, fr]", "languages: [fr]"), "", "English must be among"),
    "no French name": ("city.yaml", replacing("{en: Winnipeg, fr: Winnipeg}", "{en: Winnipeg}"), "name:", "fr"),
    "what is no YAML": ("city.yaml", replacing("code: winnipeg", "code: [winnipeg"), "languages:", "is not YAML"),
    "a key that stands twice": ("city.yaml", replacing("zone:", "code: x\nzone:"), "code: x", "stands here twice"),
    "an empty file": ("categories.yaml", lambda _: "", "", "valid dictionary"),
    "a question that nobody knows": (
        "categories.yaml", replacing("[hit, value, perishable]", "[hit, valeu]"), "hit, valeu", "no question valeu"
    ),
    "a set that nobody knows": ("categories.yaml", replacing("[safety,", "[safte,"), "safte", "no set safte"),
    "a local code twice": ("categories.yaml", replacing("BE-C", "BE-R"), "", "is that of break_enter_residential"),
    "a statistics code that is none": ("categories.yaml", replacing('"2140"', '"21400"'), "21400", "ucr2"),
    "a list without options": (
        "questions.yaml", replacing("  contact_time:\n    kind: string", "  contact_time:\n    kind: singlevaluelist"),
        "  contact_time:", "a list needs options",
    ),
    "a text only in English": (
        "questions.yaml", replacing(', fr: "Quand pouvons-nous vous appeler?"', ""), "When may we call", "speaks fr"
    ),
    "a rule on a question that nobody asks": (
        "rules.yaml", replacing("{danger_now: yes}", "{danger: yes}"), "{danger:", "no category asks danger"
    ),
    "a rule on an answer that nobody can give": (
        "rules.yaml", replacing("{weapon: yes}", "{weapon: maybe}"), "maybe", "weapon is never maybe"
    ),
    "a rule on a category that is none": (
        "rules.yaml", replacing("category: stolen_vehicle", "category: stolen_boat"), "stolen_boat", "never stolen_boat"
    ),
    "a number where words are": ("rules.yaml", replacing("{value: 5000}", "{hit: 5000}"), "5000", "hit is no number"),
    "a rule twice": ("rules.yaml", replacing("code: hate_motive", "code: domestic"), "", "domestic stands here twice"),
    "a condition of no kind": ("rules.yaml", replacing("{answered: access}", "{}"), "when: {}", "exactly one of"),
    "a condition of two kinds": (
        "rules.yaml", replacing("{answered: access}", "{answered: access, equals: {weapon: yes}}"), "access, eq",
        "exactly one of",
    ),
    "an outcome that is none": ("rules.yaml", replacing("outcome: emergency", "outcome: urgent"), "urgent", "outcome"),
    "an emergency that nobody is told of": ("rules.yaml", replacing("Call 911 now", "Wait"), "en: This", "name 911"),
    "no notice": ("city.yaml", replacing("notice:", "notes:"), "notes:", "notes: Extra inputs"),
    "a notice without its law": ("city.yaml", replacing("  authority:", "  law:"), "law:", "law: Extra inputs"),
    "a notice only in English": (
        "city.yaml", replacing("    fr: La Loi sur", "    # "), "authority:", "speaks fr"
    ),
    "a group without a name": ("categories.yaml", replacing("  order:", "  orders:"), "group: order", "no group order"),
    "what is sensitive of a question that nobody asks": (
        "rules.yaml", replacing("{domestic: yes}}]", "{domestik: yes}}]"), "  any: [{in", "no category asks domestik"
    ),
    "an alias that holds itself": ("rules.yaml", lambda _: "rules: &a [*a]", "", "nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "spoil", "line", "reason"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_with_file_line_and_reason(
    folder: Path, name: str, spoil: Callable[[str], str], line: str, reason: str
) -> None:
    file = folder / name
    file.write_text(spoil(file.read_text()))
    with pytest.raises(CityError, match=reason) as refused:
        load_city(folder)
    assert refused.value.file == file
    assert str(refused.value).startswith(f"{file}:{refused.value.line}: ")
    assert line in file.read_text().splitlines()[refused.value.line - 1] if line else refused.value.line


def feature(**changes: Any) -> dict[str, Any]:
    square = [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]
    good = {"type": "Feature", "properties": {"number": "1", "name": "One"}}
    return good | {"geometry": {"type": "Polygon", "coordinates": square}} | changes


def polygon(*points: list[float]) -> dict[str, Any]:
    return {"geometry": {"type": "Polygon", "coordinates": [[*points]]}}


BAD_DISTRICTS: dict[str, tuple[Any, int, str]] = {
    "no collection": ([], 1, "FeatureCollection"),
    "no district": ({"type": "FeatureCollection", "features": []}, 0, "at least one"),
    "a point": (feature(geometry={"type": "Point", "coordinates": [0, 0]}), 3, "must be a Polygon"),
    "a bow tie": (feature(**polygon([0, 0], [1, 1], [1, 0], [0, 1], [0, 0])), 3, "Self-intersection"),
    "a line": (feature(**polygon([0, 0], [1, 1])), 3, "geometry"),
    "metres": (feature(**polygon([5e5, 5e6], [5e5, 6e6], [6e5, 6e6], [5e5, 5e6])), 3, "degrees, longitude first"),
    "no code": (feature(properties={"name": "One"}), 3, "number must be a text"),
    "a code that is a sentence": (feature(properties={"number": "the first one", "name": "One"}), 3, "must be a code"),
    "a code twice": (feature(), 4, "the district 1 stands here twice"),
}


@pytest.mark.parametrize(("content", "line", "reason"), BAD_DISTRICTS.values(), ids=BAD_DISTRICTS)
def test_what_is_wrong_with_the_districts_is_told_as_well(folder: Path, content: Any, line: int, reason: str) -> None:
    file = folder / "districts.geojson"
    if isinstance(content, dict) and content["type"] == "Feature":
        features = [content] if line == 3 else [content, content]
        told = ",\n".join(json.dumps(one) for one in features)
        file.write_text('{"type": "FeatureCollection",\n "features": [\n' + told + "]}\n")
    else:
        file.write_text(json.dumps(content))
    with pytest.raises(CityError, match=reason) as refused:
        load_city(folder)
    assert (refused.value.file, refused.value.line) == (file, line or 1)


def test_a_file_of_no_json_is_told_with_its_line(folder: Path) -> None:
    (folder / "districts.geojson").write_text('{"type":\n oops}')
    with pytest.raises(CityError, match=r"geojson:2: is not JSON"):
        load_city(folder)


@pytest.mark.parametrize("name", ["city.yaml", "categories.yaml", "questions.yaml", "rules.yaml", "districts.geojson"])
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CityError, match=name):
        load_city(folder)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(CityError, match="nowhere: is no folder"):
        load_city(tmp_path / "nowhere")


def settings(city: str) -> Settings:
    shared = SharedSettings(vpr_environment="development")
    return Settings.model_validate({"database_url": "postgresql://nowhere", "shared": shared, "city": city})


def test_the_setting_names_a_folder_or_a_shipped_city(folder: Path) -> None:
    assert settings("winnipeg").city.code == "winnipeg"
    (folder / "city.yaml").write_text((folder / "city.yaml").read_text().replace("code: winnipeg", "code: elsewhere"))
    assert settings(str(folder)).city.code == "elsewhere"


def test_a_bad_file_stops_the_start(folder: Path) -> None:
    (folder / "rules.yaml").write_text("version: 1\n")
    with pytest.raises(ValidationError, match=f"{folder / 'rules.yaml'}:1: version"):
        settings(str(folder))


EXAMPLE = "category: theft\nanswers: {value: 6000, weapon: no}\n"


def run(*words: object) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["rules", "check", *map(str, words)])
    return answer.exit_code, answer.output


def test_a_rule_file_is_checked_and_explained(folder: Path, tmp_path: Path) -> None:
    example = tmp_path / "example.yaml"
    example.write_text(EXAMPLE + "expect: officer_review\n")
    code, told = run(folder / "rules.yaml", "--example", example)
    assert code == 0
    assert "version winnipeg-1" in told
    assert "fired  officer_review  high_value" in told
    assert "value is 6000" in told
    assert "outcome: officer_review (high_value, safety_not_asked)" in told


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (EXAMPLE + "expect: eligible\n", "expected: eligible"),
        ("category: arson\n", "example.yaml:1: category: there is no arson"),
        ("category: theft\nanswers:\n  weapon: perhaps\n", "example.yaml:3: answers.weapon: must be of yes, no"),
    ],
)
def test_an_example_that_is_wrong_ends_with_the_reason(tmp_path: Path, example: str, reason: str) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(example)
    code, told = run(WINNIPEG / "rules.yaml", "--example", file)
    assert code == 1
    assert reason in told


def test_a_bad_rule_file_ends_with_its_line(folder: Path) -> None:
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace("{weapon: yes}", "{wepon: yes}"))
    code, told = run(rules)
    assert code == 1
    assert "no category asks wepon" in told
