"""One page: its template, the texts in the reader's language, and the headers that all pages have."""

from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vpr_intake.api.filing import city_of
from vpr_intake.case_numbers import spoken
from vpr_intake.web import TEMPLATES
from vpr_intake.web.draft import spoken_by
from vpr_intake.web.texts import TEXTS
from vpr_service.languages import Language, language_of
from vpr_service.problems import Problem
from vpr_service.routes import TranslatingRoute
from vpr_service.runtime import Runtime

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""What was said stays in no cache, and no other site learns from where somebody came."""

templates = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
templates.filters["spoken"] = spoken


def language_for(request: Request) -> Language:
    """The reader's language, if the city speaks it."""
    return spoken_by(city_of(runtime_of(request)), language_of(request))


def runtime_of(request: Request) -> Runtime:
    """The service's runtime."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    title: str = "",
    heading: str = "",
    neutral: bool = False,
    **values: Any,
) -> HTMLResponse:
    """A page. ``title`` names its heading, unless ``heading`` is one. A ``neutral`` one has another title."""
    language, city = language_for(request), city_of(runtime_of(request))
    text = TEXTS[language]
    shown = {
        "t": text,
        "language": language,
        "other": next((one for one in city.languages if one != language), None),
        "root": request.scope.get("root_path", "").rstrip("/") + "/report",
        "static": request.scope.get("root_path", "").rstrip("/") + "/static",
        "number": city.emergency_number,
        "neutral": neutral,
        "heading": heading or text[title],
        "faults": {},
        "form": None,
    }
    html = templates.get_template(f"{template}.html").render({**shown, **values})
    return HTMLResponse(html, status, HEADERS)


def words(request: Request, name: str, status: int = 200, *, neutral: bool = True, way: str = "") -> HTMLResponse:
    """A page of a heading, a line and a way on (a path below ours, the beginning unless given)."""
    return page(request, "words", status=status, title=f"{name}_title", line=f"{name}_line", way=way, neutral=neutral)


class PageRoute(TranslatingRoute):
    """Answers errors with a page for people."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The page that says what is wrong; neutral, since we do not know to whom."""
        name = {404: "missing", 429: "busy", 401: "expired"}.get(problem.status, "failed")
        answer = words(request, name, problem.status, way="/case" if problem.status in {401, 429} else "")
        answer.headers.update(problem.headers or {})
        return answer
