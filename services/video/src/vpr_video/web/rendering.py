"""One page for a resident: the language asked for, no cache, no referrer."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vpr_service.languages import language_of
from vpr_video.credentials import remember
from vpr_video.schemas import Joined
from vpr_video.web import TEMPLATES, neutral_texts
from vpr_video.web.early_texts import READY, early
from vpr_video.web.text import Text
from vpr_video.web.texts import ASK_BUTTON, ASK_LINE, BUTTON, CODE_LABEL, EMERGENCY, SENDER, text_of

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""The address holds the token: it must stay in no cache and reach no other site."""

templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


def page(request: Request, template: str, name: str, *, neutral: bool, status: int = 200, **values: Any) -> Response:
    """The page with the text of this name."""
    return _rendered(request, template, text_of(name, language_of(request), neutral=neutral), status, neutral, values)


def early_page(request: Request, invite: Mapping[str, Any], *, status: int) -> Response:
    """The page of an invitation to an appointment that is to come; by a code it is typed again."""
    language, neutral = language_of(request), bool(invite["neutral"])
    text, when = early(invite, language, neutral=neutral)
    root, token = request.scope.get("root_path", "").rstrip("/"), request.path_params.get("token")
    again = f"{root}/join/{quote(token, safe='')}" if token else f"{root}/join"
    return _rendered(
        request, "early.html", text, status, neutral, {"when": when, "ready": READY[language], "again": again}
    )


def _rendered(
    request: Request, template: str, text: Text, status: int, neutral: bool, values: Mapping[str, Any]
) -> Response:
    language = language_of(request)
    html = templates.get_template(template).render(
        language=language,
        root=request.scope.get("root_path", "").rstrip("/"),
        sender=(neutral_texts.SENDER if neutral else SENDER)[language],
        text=text,
        button=BUTTON[language],
        ask_button=ASK_BUTTON[language],
        ask_line=ASK_LINE[language],
        code_label=CODE_LABEL[language],
        emergency=EMERGENCY[language],
        **values,
    )
    return HTMLResponse(html, status, HEADERS)


def into_call(request: Request, joined: Joined) -> Response:
    """Whoever came in goes on to the call's page, and this browser is known there."""
    root = request.scope.get("root_path", "").rstrip("/")
    answer = RedirectResponse(f"{root}/call?lang={language_of(request)}", 303, HEADERS)
    remember(answer, joined.participant_token)
    return answer
