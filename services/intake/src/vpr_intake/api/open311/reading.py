"""``GET requests`` and ``GET tokens``: a client's own reports, and nobody else's."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from vpr_intake import queries
from vpr_intake.api.callers import Caller
from vpr_intake.api.open311.asking import Window, caller_of, ids, listed, moment, served
from vpr_intake.api.open311.documents import Chosen, Document, Format
from vpr_intake.api.open311.errors import Fault, Faulty, Open311Route
from vpr_intake.api.open311.shown import extended, shown
from vpr_service.api_keys import KeyScope
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime

router = APIRouter(
    prefix="/open311/v2", tags=["open311"], route_class=Open311Route, dependencies=[Depends(served)],
    default_response_class=Response,
)  # fmt: skip

MOST = 1000
FURTHEST = 1_000_000
"""No page begins behind so many requests."""

NONE = UUID(int=0)
PRIVATE = {"Cache-Control": "no-store"}


class Wanted(BaseModel):
    """What can be asked for. All are texts, since an empty one is absent, and each error is told in our own form."""

    api_key: str = ""
    service_request_id: str = ""
    service_code: str = ""
    status: str = ""
    start_date: str = ""
    end_date: str = ""
    updated_after: str = ""
    updated_before: str = ""
    page: str = ""
    page_size: str = ""
    extensions: str = ""

    @property
    def extended(self) -> bool:
        """Whether more is asked for than the specification has."""
        return self.extensions.strip().lower() == "true"


@router.get("/requests.{format}")
async def get_requests(form: Chosen, runtime: Running, query: Annotated[Wanted, Query()]) -> Response:
    """The caller's own requests of at most 90 days, newest first, at most 1,000."""
    caller = await caller_of(runtime, query.api_key, KeyScope.READ)
    size = whole("page_size", query.page_size, default=MOST, most=MOST)
    page = whole("page", query.page, default=1, most=FURTHEST // size)
    wanted = _by_ids(caller, query) if query.service_request_id.strip() else _by_rules(caller, query, runtime)
    async with runtime.reading() as connection:
        rows = await queries.list_reports(connection, wanted, limit=size, offset=(page - 1) * size, personal=True)
    return await _answer(rows, form, runtime, more=query.extended)


@router.get("/requests/{service_request_id}.{format}")
async def get_request(
    service_request_id: str, form: Chosen, runtime: Running, api_key: str = "", extensions: str = ""
) -> Response:
    """One of the caller's own requests, as a list of one."""
    row = await own_report(
        runtime, await caller_of(runtime, api_key, KeyScope.READ), service_request_id, "service_request_id"
    )
    return await _answer([row], form, runtime, more=Wanted(extensions=extensions).extended)


@router.get("/tokens/{token}.{format}")
async def get_token(token: str, form: Chosen, runtime: Running, api_key: str = "") -> Response:
    """The id of a request by its token. We give none out: a request's id answers for one."""
    row = await own_report(runtime, await caller_of(runtime, api_key, KeyScope.READ), token, "token")
    number = str(row["id"])
    return Document("service_requests", [{"service_request_id": number, "token": number}]).response(
        form, headers=PRIVATE
    )


async def own_report(runtime: Runtime, caller: Caller, number: str, name: str) -> dict[str, Any]:
    """The caller's own report with its particulars. Raises Problem 404, also for another client's."""
    wanted = queries.Filter(client_id=caller.client_id, ids=ids(number)[:1] or [NONE])
    async with runtime.reading() as connection:
        rows = await queries.list_reports(connection, wanted, limit=1, personal=True)
    if not rows:
        raise Problem(404, "no_such_request", f"{name}: there is no such request")
    return rows[0]


async def _answer(rows: list[dict[str, Any]], form: Format, runtime: Runtime, *, more: bool) -> Response:
    told = await extended(rows, runtime) if more else [shown(row, runtime) for row in rows]
    return Document("service_requests", told).response(form, headers=PRIVATE)


def _by_ids(caller: Caller, query: Wanted) -> queries.Filter:
    """Ids override everything else."""
    return queries.Filter(client_id=caller.client_id, ids=ids(query.service_request_id) or [NONE])


def _by_rules(caller: Caller, query: Wanted, runtime: Runtime) -> queries.Filter:
    """Who asks for what changed wants old reports too: the 90 days count for the dates that are given."""
    start, end = moment("start_date", query.start_date), moment("end_date", query.end_date)
    after = moment("updated_after", query.updated_after)
    before = moment("updated_before", query.updated_before)
    now = runtime.now()
    filed = None if (after or before) and not (start or end) else Window.of(start, end, now, "start_date and end_date")
    changed = Window.of(after, before, now, "updated_after and updated_before") if after or before else None
    return queries.Filter(
        client_id=caller.client_id,
        categories=[storable_code(code) for code in listed(query.service_code)],
        closed=_closed(query.status),
        start=filed.start if filed else None,
        end=filed.end if filed else None,
        changed_from=changed.start if changed else None,
        changed_to=changed.end if changed else None,
    )


def storable_code(code: str) -> str:
    """The code, which PostgreSQL can compare. Raises Faulty."""
    if "\0" in code:
        raise Faulty([Fault(400, "service_code: must not hold a NUL character")])
    return code


def _closed(status: str) -> bool | None:
    statuses = set(listed(status.lower()))
    if statuses - {"open", "closed"}:
        raise Faulty([Fault(400, "status: is open, closed, or both")])
    return "closed" in statuses if len(statuses) == 1 else None


def whole(name: str, text: str, *, default: int, most: int) -> int:
    """A number from 1 to ``most``. Raises Faulty."""
    if not text.strip():
        return default
    number = int(text) if text.strip().isascii() and text.strip().isdigit() and len(text) < 10 else 0
    if not 1 <= number <= most:
        raise Faulty([Fault(400, f"{name}: is a number from 1 to {most}")])
    return number
