"""``/v1/compare``: two cohorts beside each other."""

from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from vpr_metrics.api.comparing_answers import Asked, answer, table
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Drawing, Draws, answered
from vpr_metrics.api.forms import Form
from vpr_metrics.api.projected import Projected, check_source, read
from vpr_metrics.api.readers import Reader, Zone, sees_small
from vpr_metrics.charting.pictures import comparing as pictures
from vpr_metrics.cohorts import Cohort, cohort
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.comparing import CompareQuery, Comparison
from vpr_service.auth import Principal

router = APIRouter(prefix="/v1", tags=["figures"])
COHORTS = ("baseline", "comparison")


def _inlined(schema: Any, known: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if name := schema.get("$ref"):
            return _inlined(known[name.rpartition("/")[2]], known)
        return {key: _inlined(value, known) for key, value in schema.items()}
    return [_inlined(one, known) for one in schema] if isinstance(schema, list) else schema


def _parameters(model: type[BaseModel], prefix: str = "") -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    known = schema.get("$defs", {})
    return [
        {"name": prefix + name, "in": "query", "required": False, "schema": _inlined(one, known)}
        for name, one in schema["properties"].items()
    ]


PARAMETERS = _parameters(CompareQuery) + [one for name in COHORTS for one in _parameters(Choice, f"{name}.")]


async def _asked(request: Request) -> Asked:
    """The query, sorted by cohort. Raises RequestValidationError that names the parameter."""
    sorted_out: dict[str, dict[str, str]] = {name: {} for name in ("", *COHORTS)}
    for name, value in request.query_params.items():
        prefix, dot, field = name.partition(".")
        if dot and prefix in COHORTS:
            sorted_out[prefix][field] = value
        else:
            sorted_out[""][name] = value
    errors: list[dict[str, Any]] = []
    query = _checked(CompareQuery, sorted_out[""], "", errors)
    baseline, comparison = (_checked(Choice, sorted_out[name], f"{name}.", errors) for name in COHORTS)
    if query is None or baseline is None or comparison is None:
        raise RequestValidationError(errors)
    return Asked(query, baseline, comparison)


def _checked[M: BaseModel](
    model: type[M], given: dict[str, str], prefix: str, errors: list[dict[str, Any]]
) -> M | None:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        errors.extend({**one, "loc": ("query", prefix + ".".join(map(str, one["loc"])))} for one in found)
    return None


Wanted = Annotated[Asked, Depends(_asked)]
OPENAPI = {"parameters": PARAMETERS}


@router.get("/compare", response_model=Comparison, responses=DRAWN_RESPONSES, openapi_extra=OPENAPI)
async def compare(
    reader: Reader, asked: Wanted, projection: Projected, zone: Zone, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """How mean and median changed from a baseline to a comparison, how sure that is, and what makes it doubtful."""
    return await _compare(asked, projection, reader, zone, form, drawing)


@router.get("/compare.{form}", response_model=Comparison, responses=DRAWN_RESPONSES, openapi_extra=OPENAPI)
async def compare_as(
    reader: Reader, asked: Wanted, projection: Projected, zone: Zone, form: Form, drawing: Draws
) -> Response:
    """The same in the form that the suffix names."""
    return await _compare(asked, projection, reader, zone, form, drawing)


async def _compare(
    asked: Asked, projection: Projection, reader: Principal, zone: str, form: Form, drawing: Drawing
) -> Response:
    found = await told(asked, projection, zone, whole_truth=sees_small(reader))
    return await answered(
        found, table(found), form, "compare", drawing, lambda city: pictures.picture(found, zone, city.speech)
    )


async def told(asked: Asked, projection: Projection, zone: str, *, whole_truth: bool) -> Comparison:
    """The answer; small cohorts are in it for who sees the ``whole_truth`` only."""
    interval = asked.query.span()

    def find(connection: DuckDBPyConnection) -> tuple[Cohort, Cohort]:
        for name, choice in zip(COHORTS, asked.cohorts, strict=True):
            check_source(connection, choice.source, f"{name}.source")
        before, after = (
            cohort(connection, choice.selection(), interval, projection.now(), zone) for choice in asked.cohorts
        )
        return before, after

    def compute(connection: DuckDBPyConnection) -> Comparison:
        return answer(asked, *find(connection), zone, whole_truth=whole_truth)

    return await read(projection, compute)
