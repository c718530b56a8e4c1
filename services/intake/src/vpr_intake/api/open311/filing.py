"""``POST requests``: a form becomes a report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field, ValidationError

from vpr_events.contracts.values import Channel
from vpr_events.decider import Refused
from vpr_events.idempotency import KeyBusy
from vpr_events.pipeline import Execution, Outcome
from vpr_intake.api.callers import Caller
from vpr_intake.api.filing import city_of, filing
from vpr_intake.api.open311.asking import caller_of, check_jurisdiction
from vpr_intake.api.open311.documents import Chosen, Document
from vpr_intake.api.open311.errors import Fault, Faulty, Open311Route
from vpr_intake.api.open311.forms import MULTIPART, URLENCODED, Form, faults_in, name_of, read_form, with_files
from vpr_intake.api.open311.repeats import key_of_form
from vpr_intake.api.screening import service_notice
from vpr_intake.attaching import Uploads, uploads
from vpr_intake.catalogue import Category, Kind
from vpr_intake.city import City
from vpr_intake.domain.report import FULL
from vpr_intake.schemas.filing import DESCRIPTION_LIMIT, NewReport, WebAddress
from vpr_service.api_keys import KeyScope
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime

router = APIRouter(
    prefix="/open311/v2", tags=["open311"], route_class=Open311Route, default_response_class=Response
)  # fmt: skip

PLACE = {"latitude": "lat", "longitude": "long", "address": "address_string"}
REPORTER = ("first_name", "last_name", "email", "phone")
TEXTS = ("api_key", "jurisdiction_id", "service_code", "lat", "long", "address_string", "address_id", "email",
         "device_id", "account_id", "first_name", "last_name", "phone", "description")  # fmt: skip

Links = Annotated[list[Annotated[WebAddress, Field(max_length=2000)]], Field(max_length=20)]


class Sent(NewReport):
    """A report as Open311 brings it: the description is optional, and there may be links."""

    description: Annotated[str, Field(max_length=DESCRIPTION_LIMIT)] = ""
    address_id: Annotated[str, Field(max_length=100)] | None = None
    media_urls: Links


FORM = {
    "type": "object",
    "required": ["api_key", "service_code"],
    "properties": {name: {"type": "string"} for name in TEXTS}
    | {"media_url": {"type": "array", "items": {"type": "string"}}},
    "additionalProperties": {"type": "string", "description": "attribute[CODE]: the answer to a question"},
}
BODY = {"requestBody": {"content": {URLENCODED: {"schema": FORM}, MULTIPART: {"schema": with_files(FORM)}}}}


@router.post("/requests.{format}", openapi_extra=BODY)
async def post_request(
    form: Chosen,
    request: Request,
    runtime: Running,
    idempotency_key: Annotated[str | None, Header(max_length=200, description="Rarely sent: see the guide.")] = None,
) -> Response:
    """File a request, with its files. The same form of the same client within 24 hours is the same request."""
    async with uploads(runtime) as files:
        sent = await read_form(request, files)
        caller = await caller_of(runtime, sent.one("api_key") or "", KeyScope.WRITE)
        check_jurisdiction(runtime, sent.one("jurisdiction_id") or "")
        outcome = await _filed(sent, files, caller, runtime, idempotency_key)
        if not outcome.replayed:
            files.keep()
    number, notice = str(outcome.events[0].entity_id), service_notice(outcome.events, city_of(runtime))
    answer = [{"service_request_id": number, "service_notice": notice, "account_id": None}]
    response = Document("service_requests", answer).response(form)
    private(response)
    return response


async def _filed(sent: Form, files: Uploads, caller: Caller, runtime: Runtime, given: str | None) -> Outcome:
    """A form that is filed. Raises Faulty for what is wrong with it."""
    new = report_of(sent, city_of(runtime))
    extra = {"address_id": new.address_id, "media_url": next(iter(new.media_urls), None), "media_urls": new.media_urls}
    executions = _filing(new, caller, runtime, extra)
    first = executions[0]
    added = files.executions(first.entity, first.command.at, caller.id, fresh=True)
    key = key_of_form(caller, sent.digest, given)
    try:
        return await runtime.pipeline.execute(*executions, *added, key=key)
    except Refused as refused:
        raise Faulty([Fault(400, f"media: {refused}")]) if refused.code == FULL else refused from None
    except KeyBusy:
        retry = {"Retry-After": "1"}
        raise Problem(503, "busy", "the same request is being filed just now: send it again", headers=retry) from None


def _filing(new: Sent, caller: Caller, runtime: Runtime, extra: Mapping[str, Any]) -> Sequence[Execution]:
    """The executions that file it. Raises Faulty for what the city does not know, by the parameters' names."""
    try:
        return filing(new, caller, Channel.OPEN311, runtime, **extra)
    except Problem as problem:
        errors = problem.errors or ()
        raise Faulty([Fault(400, f"{name_of(one['field'])}: {one['detail']}") for one in errors]) from None


def report_of(sent: Form, city: City) -> Sent:
    """What a form reports. Raises Faulty, with everything that is wrong."""
    category = city.categories.get(sent.one("service_code") or "")
    faults = {name: Fault(code, f"{name}: {text}") for name, code, text in _missing(sent, category)}
    values = _values(sent, category, half="lat" in faults)
    faults |= {fault.description: fault for fault in sent.faults}
    try:
        report = Sent.model_validate(values)
    except ValidationError as error:
        known = {*faults, "place"} | ({"service_code"} if category is None else set())
        faults |= {fault.description: fault for fault in faults_in(error, known)}
    if faults:
        raise Faulty(list(faults.values()))
    return report


def _missing(sent: Form, category: Category | None) -> Iterator[tuple[str, int, str]]:
    """Name, code and text of what cannot be or must be there."""
    if sent.one("service_code") is None:
        yield "service_code", 400, "is missing"
    elif category is None:
        yield "service_code", 404, "is not one of ours; GET services lists them"
    if (sent.one("lat") is None) != (sent.one("long") is None):
        yield "lat", 400, "lat and long come together"
    elif not any(sent.one(name) for name in ("lat", "address_string", "address_id")):
        yield "lat", 400, "a place is needed: lat and long, address_string or address_id"
    for question in category.questions if category else ():
        if question.required and question.code not in sent.attributes:
            yield f"attribute[{question.code}]", 400, "is missing"


def _values(sent: Form, category: Category | None, *, half: bool) -> Mapping[str, Any]:
    place = {name: sent.one(theirs) for name, theirs in PLACE.items() if not (half and theirs in {"lat", "long"})}
    return {
        "category": sent.one("service_code"),
        "description": sent.one("description") or "",
        "place": place,
        "reporter": {name: sent.one(name) for name in REPORTER},
        "answers": _answers(sent.attributes, category),
        "address_id": sent.one("address_id"),
        "media_urls": sent.links,
    }


def _answers(attributes: Mapping[str, Sequence[str]], category: Category | None) -> Mapping[str, str | list[str]]:
    """The answers to the category's questions; attributes that nobody asked for are passed over."""
    answers: dict[str, str | list[str]] = {}
    for question in category.questions if category else ():
        if values := attributes.get(question.code):
            several = question.kind is Kind.MULTIPLE or len(values) > 1
            answers[question.code] = list(values) if several else values[0]
    return answers
