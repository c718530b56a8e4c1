"""``/v1/compare``: two cohorts beside each other."""

from collections.abc import Mapping
from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from vpr_metrics.api.answering import ReadersView, Shape, View, answered
from vpr_metrics.api.comparing_answers import Asked, answer, table
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Drawing, Draws
from vpr_metrics.api.forms import Form
from vpr_metrics.api.projected import Projected, check_source
from vpr_metrics.charting.pictures import comparing as pictures
from vpr_metrics.cohorts import cohort
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.comparing import CompareQuery, Comparison

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
    return asked_of(request.query_params)


def asked_of(given: Mapping[str, Any]) -> Asked:
    """The query's parameters, sorted by cohort. Raises RequestValidationError that names the parameter."""
    sorted_out: dict[str, dict[str, Any]] = {name: {} for name in ("", *COHORTS)}
    for name, value in given.items():
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
    model: type[M], given: dict[str, Any], prefix: str, errors: list[dict[str, Any]]
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
    view: ReadersView, asked: Wanted, projection: Projected, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """How mean and median changed from a baseline to a comparison, how sure that is, and what makes it doubtful."""
    return await _compare(asked, projection, view, form, drawing)


@router.get("/compare.{form}", response_model=Comparison, responses=DRAWN_RESPONSES, openapi_extra=OPENAPI)
async def compare_as(view: ReadersView, asked: Wanted, projection: Projected, form: Form, drawing: Draws) -> Response:
    """The same in the form that the suffix names."""
    return await _compare(asked, projection, view, form, drawing)


async def _compare(asked: Asked, projection: Projection, view: View, form: Form, drawing: Drawing) -> Response:
    return await answered(
        projection,
        lambda connection: told_compare(connection, asked, view),
        Shape("compare", table, lambda told, city: pictures.picture(told, view.zone, city.speech)),
        form,
        drawing,
    )


def told_compare(connection: DuckDBPyConnection, asked: Asked, view: View) -> Comparison:
    """The answer to a question that compares."""
    for name, choice in zip(COHORTS, asked.cohorts, strict=True):
        check_source(connection, choice.source, f"{name}.source")
    before, after = (
        cohort(connection, view.of(choice), asked.query.span(), view.now, view.zone) for choice in asked.cohorts
    )
    return answer(asked, before, after, view.zone, whole_truth=view.whole_truth)
