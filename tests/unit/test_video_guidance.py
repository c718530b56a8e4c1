"""Guidance: what is shipped is whole, and a file with a mistake is refused with its place."""

from pathlib import Path

import pytest

from tests.residents import CITY
from vpr_video.guidance import SHIPPED, GuidanceError, load_guidance

WORDS = "{en: a, fr: b}"
ADVICE = f"general: [{WORDS}]"
LISTS = f"checklists: [{{code: all, name: {WORDS}, points: [{{code: one, en: a, fr: b}}]}}]"


def folder(at: Path, advice: str = ADVICE, lists: str = LISTS) -> Path:
    (at / "advice.yaml").write_text(advice)
    (at / "checklists.yaml").write_text(lists)
    return at


def test_what_is_shipped_names_categories_of_the_shipped_city_alone() -> None:
    guidance = load_guidance()
    named = {one for advice in guidance.advice.of for one in advice.categories}
    named |= {one for checklist in guidance.checklists.values() for one in checklist.categories}
    assert named <= set(CITY.categories)
    assert SHIPPED.is_dir()


def test_a_category_has_its_own_advice_and_list_and_any_other_the_general_ones() -> None:
    guidance = load_guidance()
    assert "tool marks" in str(guidance.checklist_of("break_enter_residential").points)
    assert guidance.checklist_of(None) is guidance.checklist_of("harassment") is guidance.checklists["general"]
    assert guidance.told("fraud_online", "fr") != guidance.told(None, "fr") == guidance.told("harassment", "fr")


@pytest.mark.parametrize(
    ("advice", "lists", "place"),
    [
        ("general: [{en: a}]", LISTS, "advice.yaml: general.0.fr"),
        (f"general: [{WORDS}]\nother: 1", LISTS, "advice.yaml: other"),
        (f"{ADVICE}\nof: [{{categories: [x, x], lines: [{WORDS}]}}]", LISTS, "the category x stands here twice"),
        ("general: [", LISTS, "advice.yaml:1: is not YAML"),
        (ADVICE, LISTS.replace("all", "All"), "checklists.yaml: checklists.0.code"),
        (ADVICE, LISTS.replace("points", "categories: [x], points"), "exactly one checklist has no categories"),
        (ADVICE, LISTS.replace("}]}]", "}, {code: one, en: a, fr: b}]}]"), "the point one stands here twice"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_place(tmp_path: Path, advice: str, lists: str, place: str) -> None:
    with pytest.raises(GuidanceError, match=place.replace(".", r"\.")):
        load_guidance(folder(tmp_path, advice, lists))


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GuidanceError, match="cannot be read: FileNotFoundError"):
        load_guidance(tmp_path)
