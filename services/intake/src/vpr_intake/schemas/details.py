"""What a report tells of things, vehicles and people, structured as records systems take it. All of it is personal."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from vpr_service.requests import Body

Text = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
"""In the city's currency."""
Year = Annotated[int, Field(ge=1900, le=2100)]
Plate = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[0-9A-Za-z][0-9A-Za-z -]{0,11}$")
]
Region = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}(-[0-9A-Za-z]{1,3})?$")]
"""ISO 3166: a country, or one of its provinces (CA-MB)."""
Vin = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[0-9A-HJ-NPR-Za-hj-npr-z]{17}$")
]
"""ISO 3779: 17 characters, none of them I, O or Q."""


class Involvement(StrEnum):
    """What a thing or a vehicle has to do with it."""

    STOLEN = "stolen"
    DAMAGED = "damaged"
    LOST = "lost"
    FOUND = "found"
    USED = "used"
    SEEN = "seen"


class Part(StrEnum):
    """What a person has to do with it."""

    SUSPECT = "suspect"
    WITNESS = "witness"
    VICTIM = "victim"
    OTHER = "other"


class PropertyItem(Body):
    """A thing that was stolen, damaged, lost or found; ``value`` of one, in the city's currency."""

    kind: Text
    involvement: Involvement = Involvement.STOLEN
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    make: Text | None = None
    model: Text | None = None
    serial: Text | None = None
    colour: Text | None = None
    value: Money | None = None
    description: Annotated[str, Field(max_length=500)] | None = None


class _Described(Body):
    """Something that at least one field beside its part in it must tell of."""

    @model_validator(mode="after")
    def _tells_something(self) -> "_Described":
        told = self.model_dump(exclude={"involvement", "part"})
        if all(value is None for value in told.values()):
            raise ValueError(f"name at least one of {', '.join(told)}")
        return self


class Vehicle(_Described):
    """A vehicle, by its plate, its VIN or how it looks."""

    involvement: Involvement = Involvement.STOLEN
    plate: Plate | None = None
    plate_region: Region | None = None
    vin: Vin | None = None
    make: Text | None = None
    model: Text | None = None
    colour: Text | None = None
    year: Year | None = None
    description: Annotated[str, Field(max_length=500)] | None = None


class Person(_Described):
    """A person as somebody describes them. Heights in centimetres, ages in years."""

    part: Part = Part.SUSPECT
    name: Text | None = None
    known_to_reporter: bool | None = None
    age_from: Annotated[int, Field(ge=0, le=120)] | None = None
    age_to: Annotated[int, Field(ge=0, le=120)] | None = None
    gender: Text | None = None
    height: Annotated[int, Field(ge=30, le=260)] | None = None
    build: Text | None = None
    hair: Text | None = None
    clothing: Annotated[str, Field(max_length=500)] | None = None
    marks: Annotated[str, Field(max_length=500)] | None = None
    contact: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Person":
        if self.age_from is not None and self.age_to is not None and self.age_to < self.age_from:
            raise ValueError("age_to must not be below age_from")
        return self


class Details(Body):
    """Things, vehicles and people of a report; each list may be empty."""

    property: Annotated[list[PropertyItem], Field(default_factory=list, max_length=50)]
    vehicles: Annotated[list[Vehicle], Field(default_factory=list, max_length=10)]
    persons: Annotated[list[Person], Field(default_factory=list, max_length=20)]
