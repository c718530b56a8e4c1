"""The form of a city's files, and the categories that they become."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from vpr_events.contracts.values import Gravest
from vpr_events.event import Code
from vpr_intake.catalogue import Category, Kind, Question
from vpr_intake.city.files import Form, Source
from vpr_intake.city.retention import RetentionForm
from vpr_intake.city.rules import CATEGORY
from vpr_intake.city.words import Phrase, Words
from vpr_service.languages import Language

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
type Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone") from error
    return name


def _hours(text: str) -> str:
    opens, _, closes = text.partition("-")
    try:
        span = [time.fromisoformat(one) for one in (opens, "23:59" if closes == "24:00" else closes)]
    except ValueError:
        raise ValueError("must be hours such as 08:00-16:30") from None
    if any(len(one) != len("00:00") for one in (opens, closes)) or span[0] >= span[1]:
        raise ValueError("must be hours such as 08:00-16:30, the earlier first")
    return text


Hours = Annotated[str, AfterValidator(_hours)]


class PrioritiesForm(Form):
    """The agency's scale of priorities, and which end of it is the gravest."""

    lowest: Annotated[int, Field(ge=-1000, le=1000)]
    highest: Annotated[int, Field(ge=-1000, le=1000)]
    gravest: Gravest

    @model_validator(mode="after")
    def _a_scale(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError("lowest must be below highest")
        return self

    @property
    def top(self) -> int:
        """The gravest priority there is."""
        return self.lowest if self.gravest is Gravest.LOWEST else self.highest


class DistrictsForm(Form):
    """Where the districts are: which properties are code and name, how wide a gap (metres) between them may be."""

    file: Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")]
    code: Phrase
    name: Phrase
    gap: Annotated[float, Field(ge=0, le=1000)] = 0
    credit: Phrase


class NoticeForm(Form):
    """What residents are told before anything is asked of them: why it is asked, by which law, and whom to ask."""

    purpose: Words
    authority: Words
    contact: Words


class CityForm(Form):
    """``city.yaml``."""

    code: Code
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    name: Words
    zone: Annotated[str, AfterValidator(_zone)]
    emergency_number: Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]
    priorities: PrioritiesForm
    opening_hours: dict[Day, tuple[Hours, ...]]
    districts: DistrictsForm
    notice: NoticeForm
    retention: RetentionForm | None = None

    @model_validator(mode="after")
    def _speaks_english(self) -> Self:
        if "en" not in self.languages:
            raise ValueError("languages: English must be among them, for events and officers name things in it")
        return self


class QuestionForm(Form):
    """One question; ``options`` by their keys, of lists alone."""

    kind: Kind
    text: Words
    hint: Words | None = None
    required: bool = False
    options: Annotated[dict[Code, Words], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _options_of_lists(self) -> Self:
        if (self.kind in {Kind.SINGLE, Kind.MULTIPLE}) != bool(self.options):
            raise ValueError("a list needs options, and nothing else has any")
        return self

    def question(self, code: str) -> Question:
        """The question as it is asked."""
        return Question(
            code=code,
            kind=self.kind,
            text=self.text.en,
            required=self.required,
            hint=self.hint.en if self.hint else "",
            options=tuple((key, words.en) for key, words in self.options.items()),
            text_fr=self.text.fr or "",
            hint_fr=(self.hint.fr if self.hint else None) or "",
            options_fr=tuple((key, words.told_in("fr")) for key, words in self.options.items()) if self.text.fr else (),
        )


class QuestionsForm(Form):
    """``questions.yaml``: every question once, and sets of them that several categories ask."""

    questions: dict[Code, QuestionForm]
    sets: Annotated[dict[Code, Annotated[list[Code], Field(min_length=1)]], Field(default_factory=dict)]


class CategoryForm(Form):
    """One category; it asks the questions of its ``sets``, then its own ``questions``."""

    name: Words
    description: Words
    group: Code
    keywords: tuple[Annotated[str, Field(pattern=r"^[^\s,]{1,40}$")], ...] = ()
    ucr2: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    nibrs: Annotated[str, Field(pattern=r"^[0-9]{2}[0-9A-Z]$")] | None = None
    local_code: Code
    restricted: Annotated[bool, Field(strict=True)] = False
    sets: tuple[Code, ...] = ()
    questions: tuple[Code, ...] = ()

    def category(self, code: str, asked: Iterable[Question]) -> Category:
        """The category as it is offered."""
        return Category(
            code=code,
            name=self.name.en,
            description=self.description.en,
            group=self.group,
            keywords=self.keywords,
            questions=tuple(asked),
            ucr2=self.ucr2 or "",
            nibrs=self.nibrs or "",
            local_code=self.local_code,
            restricted=self.restricted,
            name_fr=self.name.fr or "",
            description_fr=self.description.fr or "",
        )


class CategoriesForm(Form):
    """``categories.yaml``. ``groups`` are their names, in the order in which they are offered."""

    groups: Annotated[dict[Code, Words], Field(min_length=1)]
    categories: Annotated[dict[Code, CategoryForm], Field(min_length=1)]


def categories_of(
    source: Source, asking: Source, languages: Sequence[str]
) -> tuple[Mapping[str, Category], Mapping[str, Words]]:
    """The categories of one file with the questions of the other, and the names of their groups. Raises CityError."""
    known = asking.form(QuestionsForm, languages=languages)
    if CATEGORY in known.questions:
        raise asking.error(("questions", CATEGORY), f"questions.{CATEGORY}: rules call the report's category so")
    for name, codes in known.sets.items():
        for place, code in enumerate(codes):
            if code not in known.questions:
                raise asking.error(("sets", name, place), f"sets.{name}: there is no question {code}")
    form = source.form(CategoriesForm, languages=languages)
    found = {code: one.category(code, _asked(source, code, one, known)) for code, one in form.categories.items()}
    _each_once(source, form)
    _grouped(source, form)
    return found, form.groups


def _asked(source: Source, code: str, category: CategoryForm, known: QuestionsForm) -> Sequence[Question]:
    asked: dict[str, Question] = {}
    for place, name in enumerate(category.sets):
        if name not in known.sets:
            raise source.error(("categories", code, "sets", place), f"categories.{code}.sets: there is no set {name}")
        asked |= {one: known.questions[one].question(one) for one in known.sets[name]}
    for place, one in enumerate(category.questions):
        if one not in known.questions:
            where = ("categories", code, "questions", place)
            raise source.error(where, f"categories.{code}.questions: there is no question {one}")
        asked[one] = known.questions[one].question(one)
    return list(asked.values())


def _each_once(source: Source, form: CategoriesForm) -> None:
    """Raises CityError where two categories have one local code: an agency could not tell them apart."""
    seen: dict[str, str] = {}
    for code, one in form.categories.items():
        if other := seen.get(one.local_code):
            where = ("categories", code, "local_code")
            raise source.error(where, f"categories.{code}.local_code: {one.local_code} is that of {other}")
        seen[one.local_code] = code


def _grouped(source: Source, form: CategoriesForm) -> None:
    for code, one in form.categories.items():
        if one.group not in form.groups:
            where = ("categories", code, "group")
            raise source.error(where, f"categories.{code}.group: there is no group {one.group}")
