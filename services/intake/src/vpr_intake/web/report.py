"""``/report``: a report in small steps. The form itself carries what was said, in its body; we keep nothing of it.

Every step checks everything anew, so that a form that was tampered with harms nobody but who sends it.
"""

from collections.abc import Sequence

import structlog
from fastapi import APIRouter, Depends, Request, Response

from vpr_events.idempotency import KeyReused
from vpr_intake.api.filing import city_of
from vpr_intake.web.budgets import budgets_of
from vpr_intake.web.draft import Draft, new_key
from vpr_intake.web.rendering import PageRoute, language_for, page, words
from vpr_intake.web.screens import call, screen
from vpr_intake.web.steps import CHECK, Step, alarming, faults_of, next_step, steps_of
from vpr_intake.web.submitting import submit
from vpr_service.origins import public_page
from vpr_service.problems import problem_of
from vpr_service.runtime import Running, Runtime

FIELDS_LIMIT = 600
WORTH_ANOTHER_TRY = {409: "not_sent", 429: "too_often", 503: "not_sent", 507: "not_sent"}

log = structlog.get_logger(__name__)
router = APIRouter(
    prefix="/report", route_class=PageRoute, include_in_schema=False, dependencies=[Depends(public_page)]
)


@router.get("")
async def begin(request: Request, runtime: Running) -> Response:
    """The first question."""
    draft = Draft(new_key())
    return screen(request, runtime, steps_of(draft, city_of(runtime))[0], draft)


@router.post("")
async def go_on(request: Request, runtime: Running) -> Response:
    """Take a screen's answers (``at``) and ``go`` where its button leads; at the end, file."""
    city = city_of(runtime)
    async with request.form(max_files=0, max_fields=FIELDS_LIMIT) as form:
        draft, at, go = Draft.of(form, city), str(form.get("at", "")), str(form.get("go", "next"))
    steps = steps_of(draft, city)
    current = next((one for one in steps if one.id == at), None)
    if current is None:
        return screen(request, runtime, steps[0], draft)
    if go == "call":
        return call(request, runtime, current, draft)
    if go == "anyway":
        return _further(request, runtime, current, draft.having_warned(alarming(draft, city)))
    if leads_to := _elsewhere(go, current, steps):
        return screen(request, runtime, leads_to, draft)
    if current is CHECK:
        return await _send(request, runtime, draft)
    if faults := faults_of(current, draft, city, runtime.now()):
        return screen(request, runtime, current, draft, faults)
    return _further(request, runtime, current, draft.having_seen(current.id))


def _elsewhere(go: str, current: Step, steps: Sequence[Step]) -> Step | None:
    """Where a button leads that takes no answer: the other language, one screen back, or any screen to change it."""
    if go == "stay":
        return current
    if go == "back":
        return steps[max(0, steps.index(current) - 1)]
    return next((one for one in steps if go == f"to:{one.id}"), None)


def _further(request: Request, runtime: Runtime, current: Step, draft: Draft) -> Response:
    """The next screen, or the word to call as soon as it is an emergency."""
    city = city_of(runtime)
    if not draft.warned.issuperset(alarming(draft, city)):
        return call(request, runtime, current, draft)
    return screen(request, runtime, next_step(draft, city, runtime.now()), draft)


async def _send(request: Request, runtime: Runtime, draft: Draft) -> Response:
    """File, if nothing is wrong anywhere, and show the receipt."""
    city, language = city_of(runtime), language_for(request)
    missing = next_step(draft, city, runtime.now())
    if missing is not CHECK:
        return screen(request, runtime, missing, draft, faults_of(missing, draft, city, runtime.now()))
    if not draft.warned.issuperset(alarming(draft, city)):
        return call(request, runtime, CHECK, draft)
    neutral = draft.is_sensitive(city)
    try:
        budgets_of(request).file(request)
        receipt = await submit(draft, language, runtime)
    except KeyReused:
        return words(request, "sent", 409, way="/case", neutral=neutral)
    except Exception as error:
        problem = problem_of(error)
        if problem.status not in WORTH_ANOTHER_TRY:
            raise
        log.warning("a resident's report was not taken", status=problem.status, code=problem.code)
        return screen(request, runtime, CHECK, draft, {"send": WORTH_ANOTHER_TRY[problem.status]}, problem.status)
    title = "receipt_title_neutral" if neutral else "receipt_title"
    return page(request, "receipt", title=title, neutral=neutral, receipt=receipt)
