"""``/open311/v2``: GeoReport v2 in JSON. Services are public; requests need an api_key and show only one's own."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vpr_events.contracts.values import Channel
from vpr_events.event import Instant
from vpr_intake import queries
from vpr_intake.api.callers import Caller, client_caller
from vpr_intake.api.filing import city_of, filing
from vpr_intake.api.screening import service_notice
from vpr_intake.city import City
from vpr_intake.schemas import NewReport, WebAddress
from vpr_service.problems import Problem
from vpr_service.requests import private, storable
from vpr_service.routes import TranslatingRoute
from vpr_service.runtime import Running

WINDOW = timedelta(days=90)
MOST = 1000

Storable = Annotated[str, AfterValidator(storable)]


class Open311Route(TranslatingRoute):
    """Answers errors in the form of the specification: a list of code and description."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:  # noqa: ARG004 - every request is answered alike
        """The list of errors."""
        return _errors(problem)


STATUSES = {401: 403, 422: 400}
"""The specification knows 403 for a wrong key and 400 for every other bad input."""


def _errors(problem: Problem) -> JSONResponse:
    status = STATUSES.get(problem.status, problem.status)
    texts = [f"{_named(one['field'])}: {one['detail']}" for one in problem.errors or ()] or [problem.detail]
    return JSONResponse([{"code": status, "description": text} for text in texts], status)


class TooLarge:
    """ASGI middleware: a body that was refused before routing is answered in that form too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or not path.startswith(router.prefix):
            await self._app(scope, receive, send)
            return
        refused: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                refused = message
            if refused is None:
                await send(message)

        await self._app(scope, receive, sending)
        if refused is not None:
            answer = _errors(Problem(413, "body_too_large", "the body is too large"))
            own = {name for name, _ in answer.raw_headers}
            answer.raw_headers += [pair for pair in refused["headers"] if pair[0] not in own]
            await answer(scope, receive, send)


router = APIRouter(prefix="/open311/v2", tags=["open311"], route_class=Open311Route)


@router.get("/services.json")
async def services(runtime: Running) -> list[dict[str, Any]]:
    """What can be reported."""
    return [
        {
            "service_code": category.code,
            "service_name": category.name,
            "description": category.description,
            "metadata": False,
            "type": "realtime",
            "keywords": ",".join(category.keywords),
            "group": category.group,
        }
        for category in city_of(runtime).categories.values()
    ]


@router.post("/requests.json")
async def post_request(
    runtime: Running,
    service_code: Annotated[str, Form()] = "",
    api_key: Annotated[str, Form()] = "",
    lat: Annotated[float | None, Form()] = None,
    long: Annotated[float | None, Form()] = None,
    address_string: Annotated[str | None, Form()] = None,
    address_id: Annotated[Storable | None, Form(max_length=100)] = None,
    email: Annotated[str | None, Form()] = None,
    first_name: Annotated[str | None, Form()] = None,
    last_name: Annotated[str | None, Form()] = None,
    phone: Annotated[str | None, Form()] = None,
    description: Annotated[str, Form()] = "",
    media_url: Annotated[WebAddress | None, Form(max_length=2000)] = None,
) -> list[dict[str, Any]]:
    """File a request."""
    caller = await _client(runtime, api_key)
    city = city_of(runtime)
    if service_code not in city.categories:
        raise Problem(404, "no_such_service", f"service_code: {service_code!r} is not one of ours")
    if (lat is None or long is None) and not address_string and not address_id:
        raise Problem(400, "no_place", "lat and long, address_string or address_id is needed")
    place = {"latitude": lat, "longitude": long, "address": address_string}
    reporter = {"first_name": first_name, "last_name": last_name, "email": email or None, "phone": phone}
    new = _checked({"category": service_code, "description": description, "place": place, "reporter": reporter})
    extra = {"address_id": address_id, "media_url": media_url}
    outcome = await runtime.pipeline.execute(*filing(new, caller, Channel.OPEN311, runtime, **extra))
    number, notice = str(outcome.events[0].entity_id), service_notice(outcome.events, city)
    return [{"service_request_id": number, "service_notice": notice, "account_id": None}]


def _named(field: str) -> str:
    """A field as Open311 calls it."""
    parent, _, last = field.rpartition(".")
    return f"attribute[{last}]" if parent == "answers" else FIELD_NAMES.get(last, field)


FIELD_NAMES = {"category": "service_code", "latitude": "lat", "longitude": "long", "address": "address_string"}


def _checked(values: dict[str, Any]) -> NewReport:
    """The report, or Problem 400 that names the fields as Open311 calls them."""
    try:
        return NewReport.model_validate(values)
    except ValidationError as error:
        errors = [
            {"field": FIELD_NAMES.get(str(one["loc"][-1]), str(one["loc"][-1])), "detail": one["msg"]}
            for one in error.errors(include_input=False, include_context=False)
        ]
        raise Problem(400, "invalid", "not accepted", errors=errors) from None


@router.get("/requests.json")
async def get_requests(
    runtime: Running,
    response: Response,
    api_key: str = "",
    service_request_id: str = "",
    service_code: Storable = "",
    status: str = "",
    start_date: Instant | None = None,
    end_date: Instant | None = None,
    page_size: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> list[dict[str, Any]]:
    """The caller's own requests of at most 90 days, newest first."""
    caller = await _client(runtime, api_key)
    wanted = _wanted(caller, service_request_id, service_code, status, _window(start_date, end_date, runtime.now()))
    private(response)
    async with runtime.reading() as connection:
        rows = await queries.list_reports(connection, wanted, limit=page_size, personal=True)
    return [_shown(row, city_of(runtime)) for row in rows]


@router.get("/requests/{service_request_id}.json")
async def get_request(
    service_request_id: str, runtime: Running, response: Response, api_key: str = ""
) -> list[dict[str, Any]]:
    """One of the caller's own requests, as a list of one."""
    caller = await _client(runtime, api_key)
    wanted = queries.Filter(client_id=caller.client_id, ids=_ids(service_request_id))
    private(response)
    async with runtime.reading() as connection:
        rows = await queries.list_reports(connection, wanted, limit=1, personal=True) if wanted.ids else []
    if not rows:
        raise Problem(404, "no_such_request", "service_request_id: there is no such request")
    return [_shown(row, city_of(runtime)) for row in rows]


async def _client(runtime: Running, api_key: str) -> Caller:
    if not api_key:
        raise Problem(403, "api_key_missing", "api_key is missing")
    return await client_caller(runtime, api_key)


type Dates = tuple[datetime, datetime]


def _window(start: datetime | None, end: datetime | None, now: datetime) -> Dates:
    try:
        last = end or (start + WINDOW if start else now)
        first = start or last - WINDOW
    except OverflowError:
        raise Problem(400, "window_invalid", "start_date and end_date must lie within the calendar") from None
    if last - first > WINDOW:
        raise Problem(400, "window_too_wide", "start_date and end_date may span at most 90 days")
    return first, last


def _wanted(caller: Caller, ids: str, codes: str, status: str, window: Dates) -> queries.Filter:
    if ids:
        return queries.Filter(client_id=caller.client_id, ids=_ids(ids) or [UUID(int=0)])
    statuses = set(_listed(status))
    if unknown := statuses - {"open", "closed"}:
        raise Problem(400, "unknown_status", f"status: {', '.join(sorted(unknown))} is neither open nor closed")
    closed = "closed" in statuses if len(statuses) == 1 else None
    start, end = window
    return queries.Filter(client_id=caller.client_id, categories=_listed(codes), closed=closed, start=start, end=end)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _ids(text: str) -> list[UUID]:
    found = []
    for part in _listed(text):
        try:
            found.append(UUID(part))
        except ValueError:
            continue  # an id that is none of ours names no request
    return found


def _shown(row: dict[str, Any], city: City) -> dict[str, Any]:
    category = city.categories.get(row["category"])
    status = queries.status_of(row)
    return {
        "service_request_id": str(row["id"]),
        "status": "closed" if status in {"closed", "withdrawn"} else "open",
        "status_notes": status.replace("_", " "),
        "service_name": category.name if category else row["category"],
        "service_code": row["category"],
        "description": row["description"],
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": _stamp(row["filed_at"]),
        "updated_datetime": _stamp(row["updated_at"] or row["withdrawn_at"] or row["filed_at"]),
        "expected_datetime": None,
        "address": row["address"],
        "address_id": row["address_id"],
        "zipcode": None,
        "lat": row["latitude"],
        "long": row["longitude"],
        "media_url": row["media_url"],
    }


def _stamp(when: datetime) -> str:
    """ISO 8601 without fractional seconds, as the specification wants it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
