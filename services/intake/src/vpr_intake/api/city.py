"""``/v1/city`` and ``/v1/categories``: what this city is, and what can be reported in it. Both are public."""

from typing import Any

from fastapi import APIRouter, Request, Response

from vpr_intake.api.filing import city_of
from vpr_intake.city.shown import CategoryShown, CityShown, DistrictsShown
from vpr_service.languages import language_of
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1", tags=["city"])
GEOJSON_TYPE = "application/geo+json"
GEOJSON: dict[int | str, dict[str, Any]] = {200: {"content": {GEOJSON_TYPE: {}}}}


@router.get("/city")
async def city(runtime: Running, request: Request) -> CityShown:
    """The city: languages, opening hours, priorities, districts, the version of its screening rules."""
    return CityShown.of(city_of(runtime), language_of(request))


@router.get("/city/districts.geojson", response_model=DistrictsShown, responses=GEOJSON)
async def districts(runtime: Running) -> Response:
    """The districts' boundaries, as GeoJSON."""
    told = DistrictsShown.of(city_of(runtime))
    return Response(told.model_dump_json(), media_type=GEOJSON_TYPE)


@router.get("/categories")
async def categories(runtime: Running, request: Request) -> list[CategoryShown]:
    """The categories a report can have, with what is asked in each, in the language asked for."""
    language = language_of(request)
    return [CategoryShown.of(one.told_in(language)) for one in city_of(runtime).categories.values()]
