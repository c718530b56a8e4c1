"""Loading a city from its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vpr_events.contracts.values import Gravest
from vpr_intake.catalogue import Category, Question
from vpr_intake.city.districts import Districts
from vpr_intake.city.files import CityError, Source, read_json, read_yaml
from vpr_intake.city.forms import CityForm, Day, NoticeForm, categories_of
from vpr_intake.city.retention import retention_of
from vpr_intake.city.rules import Rules, rules_of
from vpr_intake.city.words import Words
from vpr_intake.domain.retention import Retention
from vpr_intake.domain.screening import Outcome

SHIPPED = Path(__file__).parent
"""The folder of the cities that come with this package."""


@dataclass(frozen=True, slots=True)
class Priorities:
    """A scale of priorities; ``gravest`` says which end of it is the gravest, ``top`` is that one."""

    lowest: int
    highest: int
    gravest: Gravest
    top: int


@dataclass(frozen=True, slots=True)
class City:
    """What a city decides for itself. ``opening_hours`` by day, in ``zone``, such as ``08:00-16:30``.

    ``groups`` are the names of the groups of categories; ``notice`` is what residents are told before they are asked.
    Without ``retention`` nothing is erased by a rule.
    """

    code: str
    languages: tuple[str, ...]
    names: Mapping[str, str]
    zone: str
    emergency_number: str
    priorities: Priorities
    opening_hours: Mapping[Day, tuple[str, ...]]
    categories: Mapping[str, Category]
    groups: Mapping[str, Words]
    districts: Districts
    credit: str
    rules: Rules
    notice: NoticeForm
    retention: Retention | None

    def told(self, outcome: Outcome, language: str = "en") -> str:
        """What a filer is told to do: the advice of a filing, the ``service_notice`` of Open311."""
        return self.rules.advice[outcome].told_in(language)


def load_city(folder: Path, rules: Path | None = None) -> City:
    """The city of a folder; ``rules`` may be another file than its own. Raises CityError."""
    if not folder.is_dir():
        raise CityError(folder, 0, f"is no folder; shipped are {', '.join(shipped())}")
    main = read_yaml(folder / "city.yaml")
    # Languages come first: every text, also of this file, must be told in each of them.
    languages = main.value.get("languages", ()) if isinstance(main.value, dict) else ()
    form = main.form(CityForm, languages=_known(languages))
    asking = read_yaml(folder / "questions.yaml")
    categories, groups = categories_of(read_yaml(folder / "categories.yaml"), asking, form.languages)
    source = read_yaml(rules or folder / "rules.yaml")
    ruled = rules_of(source, questions_of(categories), frozenset(categories), languages=form.languages)
    _check_number(source, ruled, form)
    where = form.districts
    return City(
        code=form.code,
        languages=form.languages,
        names={one: form.name.told_in(one) for one in form.languages},
        zone=form.zone,
        emergency_number=form.emergency_number,
        priorities=Priorities(**form.priorities.model_dump(), top=form.priorities.top),
        opening_hours=form.opening_hours,
        categories=categories,
        groups=groups,
        districts=Districts.of(read_json(folder / where.file), where.code, where.name, where.gap),
        credit=where.credit,
        rules=ruled,
        notice=form.notice,
        retention=retention_of(main, form.retention, categories),
    )


def _known(languages: object) -> tuple[str, ...]:
    return tuple(one for one in languages if one in {"en", "fr"}) if isinstance(languages, (list, tuple)) else ()


def _check_number(source: Source, rules: Rules, form: CityForm) -> None:
    for language in form.languages:
        if form.emergency_number not in rules.advice[Outcome.EMERGENCY].told_in(language):
            where = ("advice", "emergency", language)
            raise source.error(where, f"advice.emergency.{language}: must name {form.emergency_number}")


def questions_of(categories: Mapping[str, Category]) -> Mapping[str, Question]:
    """Every question that some category asks."""
    return {one.code: one for category in categories.values() for one in category.questions}


def shipped() -> Mapping[str, Path]:
    """The folders of the cities that come with this package, by their names."""
    return {one.parent.name: one.parent for one in sorted(SHIPPED.glob("*/city.yaml"))}
