"""``/call``: a resident's page of a call, on the public origin; ``/call/{session_id}``: an officer's, among staff."""

from collections.abc import Mapping
from typing import Any, Literal, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vpr_events.contracts.session import Participant
from vpr_service.app import policy
from vpr_service.cookies import csrf_token_of
from vpr_service.languages import Language, language_of
from vpr_service.moments import told_day
from vpr_service.origins import public_page, staff_page
from vpr_service.problems import Problem
from vpr_service.runtime import Running
from vpr_service.sign_in import StaffPageRoute
from vpr_video import queries
from vpr_video.api.callers import Actor, session_row
from vpr_video.api.seats import resident_seat
from vpr_video.seats import Seat
from vpr_video.settings import Settings
from vpr_video.web import TEMPLATES, neutral_texts
from vpr_video.web.call_neutral_texts import resident_texts
from vpr_video.web.call_texts import PEOPLE
from vpr_video.web.evidence_texts import ITEMS
from vpr_video.web.guest_texts import INVITING
from vpr_video.web.officer_texts import OFFICER
from vpr_video.web.texts import EMERGENCY, SENDER
from vpr_video.web.third_texts import THIRD

HEADERS = {"Cache-Control": "no-store", "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self)"}

templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
resident = APIRouter(include_in_schema=False, dependencies=[Depends(public_page)])
officer = APIRouter(include_in_schema=False, dependencies=[Depends(staff_page)], route_class=StaffPageRoute)


@resident.get("/call")
async def call(request: Request, runtime: Running) -> Response:
    """The page of whoever joined; to who did not it says so, without a word of police."""
    language = language_of(request)
    settings = cast("Settings", runtime.settings)
    seat = await _seat(request, runtime)
    neutral = await _neutral(seat, runtime)
    if seat is not None and seat.person["kind"] != Participant.RESIDENT:
        return _third(request, seat.row, seat.person["kind"], guest=True)
    texts = resident_texts(language, neutral=neutral)
    category = seat.row["category"] if seat else None
    return _page(
        request,
        "call.html",
        t=texts,
        texts=_json(texts["script"]),
        advice=[] if neutral else settings.guidance.told(category, language),
        appointment=_appointment(texts, seat.row if seat else None, language),
        sender=(neutral_texts.SENDER if neutral else SENDER)[language],
        emergency=EMERGENCY[language],
        exit_url=settings.exit_url,
        headers={"Content-Security-Policy": policy(settings.exit_url)},
    )


async def _seat(request: Request, runtime: Running) -> Seat | None:
    try:
        return await resident_seat(request, runtime)
    except Problem:
        return None


async def _neutral(seat: Seat | None, runtime: Running) -> bool:
    """Whom we do not know sees the neutral page; so does who may be watched."""
    if seat is None:
        return True
    async with runtime.reading() as connection:
        return await queries.is_neutral(connection, seat.row["id"])


@officer.get("/call/{session_id}")
async def staff_call(session_id: UUID, _: Actor, request: Request, runtime: Running) -> Response:
    """The page of the officer; joining from it needs the case."""
    language = language_of(request)
    row = await session_row(session_id, runtime)
    return _page(
        request,
        "officer.html",
        appointment=_appointment(OFFICER[language], row, language),
        t=OFFICER[language],
        people=PEOPLE[language],
        texts=_json(OFFICER[language]["script"] | ITEMS[language] | INVITING[language]["script"] | PEOPLE[language]),
        guests=INVITING[language],
        csrf_token=csrf_token_of(request),
        wanted=request.query_params.get("as", "officer"),
        checklists=list(cast("Settings", runtime.settings).guidance.checklists.values()),
        session=row,
    )


@officer.get("/call/{session_id}/{kind}")
async def third_call(
    session_id: UUID,
    kind: Literal["interpreter", "specialist", "supervisor"],
    _: Actor,
    request: Request,
    runtime: Running,
) -> Response:
    """The page of a third participant, to which the officer's page gives the link."""
    return _third(request, await session_row(session_id, runtime), kind, guest=False)


def _appointment(texts: Mapping[str, Any], row: Mapping[str, Any] | None, language: Language) -> str:
    """When a session was to take place; nothing of one that is for now."""
    if row is None or row["scheduled_at"] is None:
        return ""
    return str(texts["appointment"]).format(told_day(row["scheduled_at"], row["scheduled_zone"], language))


def _third(request: Request, session: dict[str, Any], kind: str, *, guest: bool) -> Response:
    """A guest's page knows no session by its id: it is known by the cookie that coming in gave."""
    language = language_of(request)
    return _page(
        request,
        "third.html",
        t=THIRD[language],
        kind=kind,
        texts=_json(THIRD[language]["script"] | PEOPLE[language]),
        csrf_token="" if guest else csrf_token_of(request),
        session=session,
        guest=guest,
    )


def _json(texts: dict[str, str]) -> Markup:
    """Safe inside a script element: no text can end it."""
    return Markup(orjson.dumps(texts).decode().replace("<", "\\u003c"))  # noqa: S704 - "<" is escaped, the rest is data


def _page(request: Request, template: str, *, headers: Mapping[str, str] | None = None, **values: Any) -> HTMLResponse:
    root = request.scope.get("root_path", "").rstrip("/")
    html = templates.get_template(template).render(language=language_of(request), root=root, **values)
    return HTMLResponse(html, headers={**HEADERS, **(headers or {})})
