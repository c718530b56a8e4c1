"""The dashboard on the staff origin: ``/``, its parts each with an address of its own, and the definitions."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from vpr_metrics import definitions
from vpr_metrics.api.readers import Reader, sees_small
from vpr_metrics.web.board import Board, board_of
from vpr_metrics.web.panels import PANELS
from vpr_metrics.web.rendering import fragment, language_of, message, page
from vpr_metrics.web.viewing import AGAINST, FROM_SOURCE, View, viewed
from vpr_service.origins import staff_page
from vpr_service.problems import Problem
from vpr_service.sign_in import StaffPageRoute

FRAGMENTS = "/fragments/"
TERMS = ("n", "open", "excluded", "invalid", "mean", "median", "p90", "change", "survival", "suppressed")


class DashboardRoute(StaffPageRoute):
    """Answers errors with a page for people, or a part of one."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The way to the sign-in, or what is wrong in plain words."""
        if problem.status == 401:
            return StaffPageRoute.translate(request, problem)
        name = {403: "forbidden", 404: "missing"}.get(problem.status, "failed")
        name = problem.code if problem.code == "not_built" else name
        return message(request, name, problem, part=FRAGMENTS in request.url.path)


router = APIRouter(route_class=DashboardRoute, include_in_schema=False, dependencies=[Depends(staff_page)])
AtBoard = Annotated[Board, Depends(board_of)]


@router.get("/")
async def dashboard(request: Request, reader: Reader, board: AtBoard) -> Response:
    """The headline, and the places of the other parts; with ``whole`` all of them, as for printing."""
    view, faults = viewed(request.query_params)
    language, whole_truth = language_of(request), sees_small(reader)
    choices = await board.choices(view.source)
    if view.source not in choices.sources:
        faults, view = faults | {"source": "unknown_source"}, View()
    against = view.compared.removeprefix(FROM_SOURCE)
    if view.compared not in AGAINST and against not in choices.sources:
        faults, view = faults | {"against": "unknown_source"}, view.model_copy(update={"against": None})
    headline = await board.headline(view, language, whole_truth=whole_truth)
    parts = {}
    if "whole" in request.query_params and headline.records != 0:
        parts = {name: await board.part(name, view, language, whole_truth=whole_truth) for name in PANELS}
    told: dict[str, Any] = {"view": view, "given": request.query_params, "faults": faults, "choices": choices}
    looking = await board.looking(view, language, whole_truth=whole_truth)
    return page(
        request, "dashboard", 422 if faults else 200, headline=headline, parts=parts, panels=list(PANELS),
        speech=looking.speech, whole_truth=whole_truth, **told,
    )  # fmt: skip


@router.get("/panels/{name}")
async def panel(name: str, request: Request, reader: Reader, board: AtBoard) -> Response:
    """One part as a page, for who has no scripts. 404 for a part that there is not."""
    view, part = await _part(name, request, reader, board)
    return page(request, "panel", view=view, name=name, part=part)


@router.get("/fragments/{name}")
async def part_of_page(name: str, request: Request, reader: Reader, board: AtBoard) -> Response:
    """The same to be put into the page by its script."""
    view, part = await _part(name, request, reader, board)
    return fragment(request, "part", view=view, name=name, part=part)


async def _part(name: str, request: Request, reader: Reader, board: Board) -> tuple[View, Any]:
    if name not in PANELS:
        raise Problem(404, "not_found", "there is no such part")
    view, faults = viewed(request.query_params)
    if faults:
        raise Problem(422, "invalid", ", ".join(faults))
    return view, await board.part(name, view, language_of(request), whole_truth=sees_small(reader))


@router.get("/definitions")
async def defined(request: Request, _: Reader, board: AtBoard) -> Response:
    """What the figures mean, in words."""
    looking = await board.looking(View(), language_of(request), whole_truth=False)
    return page(
        request, "definitions", speech=looking.speech, intervals=list(definitions.INTERVALS), terms=TERMS,
        version=definitions.VERSION,
    )  # fmt: skip
