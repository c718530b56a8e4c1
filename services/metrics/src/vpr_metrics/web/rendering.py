"""One page of the dashboard: its template, and the texts in the reader's language."""

from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vpr_metrics.definitions import INTERVALS
from vpr_metrics.web import TEMPLATES
from vpr_metrics.web.texts import TEXTS
from vpr_service.languages import Language
from vpr_service.languages import language_of as language_asked
from vpr_service.problems import Problem

HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Vary": "Accept-Language, Cookie"}

templates = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def language_of(request: Request) -> Language:
    """The reader's language."""
    return language_asked(request)


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page."""
    language = language_of(request)
    shared = {
        "t": TEXTS[language],
        "language": language,
        "other": "fr" if language == "en" else "en",
        "other_address": str(request.url.include_query_params(lang="fr" if language == "en" else "en").query),
        "root": request.scope.get("root_path", "").rstrip("/"),
        "intervals": list(INTERVALS),
    }
    return HTMLResponse(templates.get_template(f"{template}.html").render(shared | values), status, HEADERS)


def fragment(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A part of a page."""
    return page(request, template, status, **values)


def message(request: Request, name: str, problem: Problem, *, part: bool) -> Response:
    """What is wrong, in plain words."""
    answer = page(request, "trouble" if part else "message", problem.status, name=name, detail=problem.detail)
    answer.headers.update(problem.headers or {})
    return answer
