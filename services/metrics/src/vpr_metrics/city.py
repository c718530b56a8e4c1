"""What the city calls its categories and districts, and where these are, as pictures need it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vpr_metrics.charting.speech import Speech
from vpr_service.city import CATEGORIES, DISTRICTS, OfCity
from vpr_service.languages import Language

type Shapes = Sequence[Mapping[str, Any]]
type Ring = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Told:
    """What intake told; all of it empty when it did not answer."""

    speech: Speech
    shapes: Shapes = field(default=())


class City(OfCity[Told]):
    """Asks intake at ``url``; without one nothing is known."""

    def __init__(self, url: str) -> None:
        super().__init__(url, (CATEGORIES, DISTRICTS), make=_told, unknown=lambda language: Told(Speech(language)))


def _told(language: Language, answers: Sequence[Any]) -> Told:
    categories, districts = answers
    features = districts["features"]
    names = {str(one["properties"]["code"]): str(one["properties"]["name"]) for one in features}
    speech = Speech(language, {str(one["code"]): str(one["name"]) for one in categories}, names)
    return Told(speech, drawable(features))


def drawable(features: Sequence[Mapping[str, Any]]) -> Shapes:
    """GeoJSON features as a map draws them: longitudes shrunk as they are at the city's latitude, and ``at``, where the
    district's code is written.
    """
    latitudes = [point[1] for one in features for ring in _rings(one["geometry"]) for point in ring]
    shrunk = math.cos(math.radians((min(latitudes) + max(latitudes)) / 2)) if latitudes else 1.0
    return [_shape(one, shrunk) for one in features]


def _shape(feature: Mapping[str, Any], shrunk: float) -> dict[str, Any]:
    parts = _parts(feature["geometry"])
    flat = [[[(x * shrunk, y) for x, y, *_ in ring] for ring in part] for part in parts]
    middle, _ = max((_middle(part[0]) for part in flat), key=lambda found: found[1])
    geometry = {"type": "MultiPolygon", "coordinates": flat}
    return {"code": feature["properties"]["code"], "geometry": geometry, "at": middle}


def _parts(geometry: Mapping[str, Any]) -> Sequence[Sequence[Ring]]:
    found: Sequence[Any] = geometry["coordinates"]
    return [found] if geometry["type"] == "Polygon" else found


def _rings(geometry: Mapping[str, Any]) -> Sequence[Ring]:
    return [ring for part in _parts(geometry) for ring in part]


def _middle(ring: Ring) -> tuple[tuple[float, float], float]:
    """The centre of gravity of a ring, and its area."""
    area = x = y = 0.0
    for (x0, y0), (x1, y1) in zip(ring, (*ring[1:], ring[0]), strict=True):
        cross = x0 * y1 - x1 * y0
        area, x, y = area + cross, x + (x0 + x1) * cross, y + (y0 + y1) * cross
    if not area:
        return (ring[0][0], ring[0][1]), 0.0
    return (x / (3 * area), y / (3 * area)), abs(area / 2)
