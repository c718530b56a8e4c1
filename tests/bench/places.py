"""In which district a point lies: by the index that intake uses, and by asking one district after the other."""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import shapely
from shapely import Point
from shapely.geometry import shape

from vpr_intake.city import load_city, shipped

SEED = 20_260_504
SECONDS = 2.0

type Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Looked:
    """Points per second, of which so many per cent lay in the city."""

    index: float
    each: float
    inside: float


def points_per_second() -> Looked:
    """Look up points all over the sample city's bounds."""
    folder = shipped()["winnipeg"]
    districts = load_city(folder).districts
    west, south, east, north = districts.bounds
    chance = random.Random(SEED)  # noqa: S311 - places, no secrets
    points = [(chance.uniform(south, north), chance.uniform(west, east)) for _ in range(5000)]
    features = json.loads((folder / "districts.geojson").read_text())["features"]
    shapes = [shape(feature["geometry"]) for feature in features]
    shapely.prepare(shapes)

    def one_after_the_other(latitude: float, longitude: float) -> object:
        point = Point(longitude, latitude)
        return next((one for one in shapes if one.covers(point)), None)

    inside = sum(districts.at(*point) is not None for point in points) / len(points)
    return Looked(_rate(districts.at, points), _rate(one_after_the_other, points), inside)


def _rate(look: Callable[[float, float], object], points: Points) -> float:
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        for point in points:
            look(*point)
        count += len(points)
    return count / (time.perf_counter() - begun)
