"""The city's districts, behind the place where a resident is: asked of intake."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vpr_service.city import DISTRICTS, OfCity
from vpr_service.languages import Language

type Position = tuple[float, float]
type Ring = Annotated[list[Position], Field(min_length=4)]
type Rings = Annotated[list[Ring], Field(min_length=1)]


class Polygon(BaseModel):
    """An outer ring, and those of its holes."""

    type: Literal["Polygon"]
    coordinates: Rings


class MultiPolygon(BaseModel):
    """Several of them."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1)]


class DistrictName(BaseModel):
    """A district's code, and what people call it."""

    code: str
    name: str


class District(BaseModel):
    """A district with its boundary: longitude and latitude in degrees (WGS 84)."""

    type: Literal["Feature"] = "Feature"
    properties: DistrictName
    geometry: Annotated[Polygon | MultiPolygon, Field(discriminator="type")]


class Outlines(BaseModel):
    """The districts as GeoJSON (RFC 7946), none while intake does not tell; ``credit`` names whose they are."""

    model_config = ConfigDict(frozen=True)

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[District] = Field(default_factory=list)
    credit: str = ""


class Districts(OfCity[Outlines]):
    """Asks intake at ``url``; without one nothing is known."""

    def __init__(self, url: str) -> None:
        super().__init__(url, (DISTRICTS,), make=_outlines, unknown=lambda _: Outlines())


def _outlines(_: Language, answers: Sequence[Any]) -> Outlines:
    return Outlines.model_validate(answers[0])
