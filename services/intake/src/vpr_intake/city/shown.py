"""What of a city is shown over HTTP, in one language."""

from typing import Any, Literal, Self

from shapely.geometry import mapping

from vpr_events.contracts.values import Gravest
from vpr_intake.catalogue import Category, Kind
from vpr_intake.city.loading import City
from vpr_intake.domain.retention import Retention, RetentionRule
from vpr_service.requests import Body


class Option(Body):
    """One possible answer."""

    key: str
    name: str


class QuestionShown(Body):
    """One question; ``options`` are there for lists alone."""

    code: str
    kind: Kind
    text: str
    required: bool
    hint: str
    options: list[Option]


class CategoryShown(Body):
    """A category, its questions, and its codes in statistics and at the agency (null where it has none)."""

    code: str
    name: str
    description: str
    group: str
    keywords: list[str]
    questions: list[QuestionShown]
    ucr2: str | None
    nibrs: str | None
    local_code: str
    restricted: bool

    @classmethod
    def of(cls, category: Category) -> Self:
        """A category as it is shown."""
        asked = [
            QuestionShown(
                code=one.code, kind=one.kind, text=one.text, required=one.required, hint=one.hint,
                options=[Option(key=key, name=name) for key, name in one.options],
            )
            for one in category.questions
        ]  # fmt: skip
        return cls(
            code=category.code, name=category.name, description=category.description, group=category.group,
            keywords=list(category.keywords), questions=asked, ucr2=category.ucr2 or None,
            nibrs=category.nibrs or None, local_code=category.local_code, restricted=category.restricted,
        )  # fmt: skip


class DistrictShown(Body):
    """One district."""

    code: str
    name: str


class DistrictFeature(Body):
    """One district with its boundary: longitude and latitude in degrees (WGS 84)."""

    type: Literal["Feature"] = "Feature"
    properties: DistrictShown
    geometry: dict[str, Any]


class DistrictsShown(Body):
    """The districts as GeoJSON (RFC 7946); ``credit`` names whose the boundaries are."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[DistrictFeature]
    credit: str

    @classmethod
    def of(cls, city: City) -> Self:
        """A city's districts as they are shown."""
        shapes = city.districts.shapes
        features = [
            DistrictFeature(properties=DistrictShown(code=one.code, name=one.name), geometry=mapping(shapes[one]))
            for one in city.districts.all
        ]
        return cls(features=features, credit=city.credit)


class RuleShown(Body):
    """Personal data of a report is erased ``days`` after its end."""

    code: str
    days: int

    @classmethod
    def of(cls, rule: RetentionRule) -> Self:
        """A rule as it is shown."""
        return cls(code=rule.code, days=rule.kept.days)


class RetentionShown(Body):
    """How long personal data is kept: ``default``, and ``categories`` that have a rule of their own."""

    default: RuleShown
    categories: dict[str, RuleShown]

    @classmethod
    def of(cls, retention: Retention) -> Self:
        """The rules as they are shown."""
        own = {category: RuleShown.of(rule) for category, rule in retention.categories.items()}
        return cls(default=RuleShown.of(retention.default), categories=own)


class CityShown(Body):
    """What a city says of itself: ``opening_hours`` by day in ``zone``; priorities with the gravest end of the scale.

    ``credit`` names whose the district boundaries are; ``rules_version`` is that of the screening rules.
    ``retention`` is null where no rule erases.
    """

    code: str
    name: str
    languages: list[str]
    zone: str
    emergency_number: str
    opening_hours: dict[str, list[str]]
    lowest_priority: int
    highest_priority: int
    gravest: Gravest
    districts: list[DistrictShown]
    credit: str
    rules_version: str
    retention: RetentionShown | None

    @classmethod
    def of(cls, city: City, language: str) -> Self:
        """A city as it is shown."""
        return cls(
            code=city.code,
            name=city.names.get(language, city.names["en"]),
            languages=list(city.languages),
            zone=city.zone,
            emergency_number=city.emergency_number,
            opening_hours={day: list(hours) for day, hours in city.opening_hours.items()},
            lowest_priority=city.priorities.lowest,
            highest_priority=city.priorities.highest,
            gravest=city.priorities.gravest,
            districts=[DistrictShown(code=one.code, name=one.name) for one in city.districts.all],
            credit=city.credit,
            rules_version=city.rules.rule_set.version,
            retention=RetentionShown.of(city.retention) if city.retention else None,
        )
