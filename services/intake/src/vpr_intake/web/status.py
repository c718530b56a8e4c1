"""``/report/case``: how far a report is, for who has its case number and secret; taking it back."""

import asyncio
import hmac
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from vpr_events.contracts.report import WithdrawalReason
from vpr_events.pipeline import Execution
from vpr_intake import queries, receipts
from vpr_intake.api.callers import RESIDENT
from vpr_intake.api.filing import city_of, withdrawal
from vpr_intake.case_numbers import hash_of, is_number, plain
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import AskForCall
from vpr_intake.kept_files import attachments_of
from vpr_intake.settings import settings_of
from vpr_intake.web.budgets import budgets_of
from vpr_intake.web.rendering import HEADERS, PageRoute, language_for, page, words
from vpr_intake.web.texts import TEXTS
from vpr_service.moments import told
from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime

COOKIE = "__Host-vpr_case"
POINTS = ("filed_at", "claimed_at", "connected_at", "assessed_at", "dispatched_at", "arrived_at", "cleared_at",
          "closed_at", "withdrawn_at")  # fmt: skip
OVER = {"withdrawn", "closed"}
LONGEST = 100
NOBODY = b"\0" * 32
"""The hash of no secret: an unknown case number takes as long as a wrong secret."""

router = APIRouter(
    prefix="/report/case", route_class=PageRoute, include_in_schema=False, dependencies=[Depends(public_page)]
)

Written = Annotated[str, Form(max_length=LONGEST)]


async def case_of(request: Request, runtime: Running) -> UUID:
    """A dependency: the report that this browser may see. Raises Problem 401."""
    async with runtime.reading() as connection:
        found = await receipts.report_of_session(connection, request.cookies.get(COOKIE, ""))
    if found is None:
        raise Problem(401, "session_over", "the session is over")
    return found


Case = Annotated[UUID, Depends(case_of)]


@router.get("")
async def ask(request: Request) -> Response:
    """The form for case number and secret; neutral, for we do not know whose case it will be."""
    return _ask(request)


@router.post("")
async def enter(request: Request, runtime: Running, number: Written = "", secret: Written = "") -> Response:
    """Open a case. Whoever is wrong is not told in what."""
    given = plain(number)
    if not is_number(given):
        return _ask(request, {"number": "not_number"}, number, secret)
    budgets_of(request).sign_in(request, given)
    report_id = await _opened(runtime, given, plain(secret))
    if report_id is None:
        return _ask(request, {"secret": "not_found"}, number, secret)
    lifetime = settings_of(runtime).resident_session
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        token = await receipts.open_session(connection, report_id, lifetime)
    answer = way_to(request, "/status")
    seconds = int(lifetime.total_seconds())
    answer.set_cookie(COOKIE, token, max_age=seconds, secure=True, httponly=True, samesite="strict")
    return answer


async def _opened(runtime: Runtime, number: str, secret: str) -> UUID | None:
    async with runtime.reading() as connection:
        found = await receipts.by_number(connection, number)
    report_id, right = found or (None, NOBODY)
    given = await asyncio.to_thread(hash_of, number, secret)
    return report_id if hmac.compare_digest(given, right) else None


@router.get("/status")
async def status(request: Request, runtime: Running, case: Case) -> Response:
    """How far it is and what comes next. A sensitive one is open, and nothing more."""
    shown = await case_shown(case, runtime)
    return page(request, "status", title=title_of("status_title", shown), **_status(request, shown), **shown)


@router.get("/withdrawal")
async def ask_withdrawal(request: Request, runtime: Running, case: Case) -> Response:
    """Whether the resident is sure."""
    shown = await case_shown(case, runtime)
    if shown["state"] in OVER and not shown["neutral"]:
        return way_to(request, "/status")
    title = "ask_call_title" if shown["neutral"] else "withdraw_title"
    return page(request, "withdraw", title=title, reasons=[one.value for one in WithdrawalReason], **shown)


@router.post("/withdrawal")
async def withdraw(
    request: Request, runtime: Running, case: Case, reason: Annotated[WithdrawalReason, Form()] = WithdrawalReason.OTHER
) -> Response:
    """Take the report back. Of a sensitive one this only asks for a call: somebody may stand behind who does it."""
    shown = await case_shown(case, runtime)
    if shown["neutral"]:
        asked = AskForCall(at=runtime.now())
        private = [receipts.call_asked(case, asked.at)]
        await runtime.pipeline.execute(Execution(decider=report, entity=case, command=asked, private=private))
    elif shown["state"] not in OVER:
        await runtime.pipeline.execute(withdrawal(case, RESIDENT, reason, runtime.now()))
    return way_to(request, "/status")


@router.post("/sign-out")
async def sign_out(request: Request, runtime: Running) -> Response:
    """Show this case no longer in this browser, nor by what this browser had."""
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        await receipts.end_session(connection, request.cookies.get(COOKIE, ""))
    answer = words(request, "signed_out", way="/case")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    forget(answer)
    return answer


def forget(answer: Response) -> None:
    """Take the session from the browser."""
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict")


def way_to(request: Request, path: str) -> RedirectResponse:
    """Lead to a page below this one."""
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}/report/case{path}?lang={language_for(request)}", 303, HEADERS)


def _ask(request: Request, faults: dict[str, str] | None = None, number: str = "", secret: str = "") -> Response:
    text = TEXTS[language_for(request)]
    told_faults = {name: text[fault] for name, fault in (faults or {}).items()}
    return page(
        request, "sign", title="sign_title_neutral", neutral=True, status=422 if faults else 200,
        faults=told_faults, case_number=number, secret=secret,
    )  # fmt: skip


async def case_shown(case: UUID, runtime: Runtime) -> dict[str, Any]:
    """What the pages of a case are made of. Raises Problem 404."""
    async with runtime.reading() as connection:
        row = await queries.one_report(connection, case)
        number = await receipts.number_of(connection, case)
        neutral = await receipts.is_sensitive(connection, case)
        asked = await receipts.call_requested_at(connection, case)
        files = len(await attachments_of(connection, case))
    if row is None:
        raise Problem(404, "no_such_report", "there is no such report")
    return {
        "row": row, "state": queries.status_of(row), "case_number": number, "neutral": neutral, "asked": asked,
        "files": files,
    }  # fmt: skip


def title_of(name: str, shown: dict[str, Any]) -> str:
    """The name of a heading, or of its neutral form."""
    return f"{name}_neutral" if shown["neutral"] else name


def _status(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """What the page says of it; of a sensitive one nothing but that it is open."""
    language, city = language_for(request), city_of(request.app.state.runtime)
    text = TEXTS[language]

    def when(moment: datetime) -> str:
        return told(moment, city.zone, language)

    state = "open" if shown["neutral"] else shown["state"]
    points = [] if shown["neutral"] else [name for name in POINTS if shown["row"][name]]
    points.sort(key=lambda name: (shown["row"][name], POINTS.index(name)))
    return {
        "now": text[f"status_{state}"],
        "next": text[f"status_{state}_next"].format(number=city.emergency_number),
        "points": [(text[name], when(shown["row"][name]), shown["row"][name].isoformat()) for name in points],
        "call_asked": text["call_asked"].format(when=when(shown["asked"])) if shown["asked"] else "",
        "may_add": shown["neutral"] or shown["state"] not in OVER,
        "has": "" if shown["neutral"] or not shown["files"] else text["photos_count"].format(count=shown["files"]),
        "may_withdraw": not shown["asked"] if shown["neutral"] else shown["state"] not in OVER,
    }
