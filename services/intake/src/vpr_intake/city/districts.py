"""The city's districts, from GeoJSON (RFC 7946): in which one a point lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any, Self, cast

import numpy as np
import shapely
from pydantic import TypeAdapter, ValidationError
from shapely import MultiPolygon, Point, Polygon, STRtree
from shapely.geometry import shape

from vpr_events.event import Code
from vpr_intake.city.files import Source

METRES = 111_320.0
"""Of one degree of latitude."""

CODE = TypeAdapter[str](Code)


@dataclass(frozen=True, slots=True)
class District:
    """One district: its code and what people call it."""

    code: str
    name: str


class Districts:
    """Finds the district of a point.

    Longitudes are shrunk by the cosine of the latitude, so that distances are the same in every direction.
    """

    def __init__(self, shapes: Mapping[District, Polygon | MultiPolygon], gap: float = 0.0) -> None:
        """``gap`` in metres: a point between districts, or just outside, belongs to the nearest one so far away."""
        self.all = tuple(sorted(shapes, key=lambda one: one.code))
        self.shapes = shapes
        ordered = [shapes[one] for one in self.all]
        west, south, east, north = shapely.total_bounds(np.array(ordered, dtype=object))
        self.bounds = (float(west), float(south), float(east), float(north))
        self._shrink = cos(radians((self.bounds[1] + self.bounds[3]) / 2))
        self._gap = gap / METRES
        self._tree = STRtree([shapely.transform(one, self._flat) for one in ordered])

    def _flat(self, points: Any) -> Any:
        return points * np.array([self._shrink, 1.0])

    def at(self, latitude: float, longitude: float) -> District | None:
        """The one district of this point, None outside of the city.

        On a common border, or where districts overlap, it is the one whose code comes first.
        """
        point = Point(longitude * self._shrink, latitude)
        found = self._tree.query(point, predicate="intersects")
        if not len(found) and self._gap:
            found = self._tree.query_nearest(point, max_distance=self._gap)
        return self.all[int(found.min())] if len(found) else None

    def swapped(self, latitude: float, longitude: float) -> bool:
        """Whether the point would lie in the city, were its latitude and longitude the other way round."""
        return self.at(longitude, latitude) is not None

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all."""
        return frozenset(one.code for one in self.all)

    @classmethod
    def of(cls, source: Source, code: str, name: str, gap: float) -> Self:
        """The districts of a feature collection; ``code`` and ``name`` are properties of its features.

        Raises CityError.
        """
        collection = source.value
        if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
            raise source.error((), "must be a GeoJSON FeatureCollection")
        features = collection.get("features")
        if not isinstance(features, list) or not features:
            raise source.error(("features",), "features: there must be at least one")
        return cls(dict(_named(source, features, code, name)), gap)


def _named(
    source: Source, features: Sequence[Any], code: str, name: str
) -> Sequence[tuple[District, Polygon | MultiPolygon]]:
    found: dict[str, tuple[District, Polygon | MultiPolygon]] = {}
    for place, feature in enumerate(features):
        where = ("features", place)
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise source.error(where, f"features.{place}: is no Feature")
        district = _district(source, feature.get("properties") or {}, place, (code, name))
        if district.code in found:
            raise source.error(where, f"features.{place}: the district {district.code} stands here twice")
        found[district.code] = (district, _polygon(source, feature.get("geometry"), place))
    return list(found.values())


def _district(source: Source, properties: Any, place: int, names: tuple[str, str]) -> District:
    where = ("features", place, "properties")
    texts = []
    for name in names:
        value = properties.get(name) if isinstance(properties, dict) else None
        if not isinstance(value, (str, int)) or isinstance(value, bool) or not str(value).strip():
            raise source.error(where, f"features.{place}.properties: {name} must be a text or a whole number")
        texts.append(str(value).strip())
    try:
        return District(CODE.validate_python(texts[0]), texts[1])
    except ValidationError:
        form = "a letter or digit, then at most 39 of A-Za-z0-9._/-"
        told = f"features.{place}.properties: {names[0]} must be a code: {form}"
        raise source.error(where, told) from None


def _polygon(source: Source, geometry: Any, place: int) -> Polygon | MultiPolygon:
    where, label = ("features", place, "geometry"), f"features.{place}.geometry"
    if not isinstance(geometry, dict) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise source.error(where, f"{label}: must be a Polygon or MultiPolygon")
    try:
        polygon = cast("Polygon | MultiPolygon", shapely.force_2d(shape(geometry)))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError) as error:
        raise source.error(where, f"{label}: {error}") from None
    if polygon.is_empty:
        raise source.error(where, f"{label}: has no area")
    if not polygon.is_valid:
        raise source.error(where, f"{label}: {shapely.is_valid_reason(polygon)}")
    west, south, east, north = polygon.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise source.error(where, f"{label}: the coordinates must be degrees, longitude first (WGS 84)")
    return polygon
