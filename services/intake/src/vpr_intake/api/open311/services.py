"""What can be reported, and what is asked for it. Public."""

from typing import Any

from fastapi import APIRouter, Depends, Response

from vpr_intake.api.filing import city_of
from vpr_intake.api.open311.asking import served
from vpr_intake.api.open311.documents import Chosen, Document
from vpr_intake.api.open311.errors import Open311Route
from vpr_intake.catalogue import Category, Kind, Question
from vpr_intake.city import City
from vpr_service.problems import Problem
from vpr_service.runtime import Running

router = APIRouter(
    prefix="/open311/v2", tags=["open311"], route_class=Open311Route, dependencies=[Depends(served)],
    default_response_class=Response,
)  # fmt: skip

DATATYPES = {
    Kind.STRING: "a short text",
    Kind.NUMBER: "a number",
    Kind.DATETIME: "a time with its offset (ISO 8601)",
    Kind.TEXT: "a text of several lines",
    Kind.SINGLE: "one key of the list",
    Kind.MULTIPLE: "keys of the list",
}


@router.get("/services.{format}")
async def services(form: Chosen, runtime: Running) -> Response:
    """The services: our categories of report."""
    return Document("services", [_service(category) for category in city_of(runtime).categories.values()]).response(
        form
    )


@router.get("/services/{service_code}.{format}")
async def service_definition(service_code: str, form: Chosen, runtime: Running) -> Response:
    """What is asked for one service, as attributes."""
    category = category_of(service_code, city_of(runtime))
    attributes = [_attribute(order, question) for order, question in enumerate(category.questions, 1)]
    return Document("service_definition", {"service_code": category.code, "attributes": attributes}).response(form)


def category_of(service_code: str, city: City) -> Category:
    """The category of this code. Raises Problem 404."""
    try:
        return city.categories[service_code]
    except KeyError:
        raise Problem(404, "no_such_service", "service_code: is not one of ours; GET services lists them") from None


def _service(category: Category) -> dict[str, Any]:
    return {
        "service_code": category.code,
        "service_name": category.name,
        "description": category.description,
        "metadata": bool(category.questions),
        "type": "realtime",
        "keywords": ",".join(category.keywords),
        "group": category.group,
    }


def _attribute(order: int, question: Question) -> dict[str, Any]:
    return {
        "variable": True,
        "code": question.code,
        "datatype": str(question.kind),
        "required": question.required,
        "datatype_description": question.hint or DATATYPES[question.kind],
        "order": order,
        "description": question.text,
        "values": [{"key": key, "name": name} for key, name in question.options],
    }
