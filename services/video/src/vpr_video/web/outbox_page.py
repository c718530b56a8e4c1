"""``/outbox``: what would be sent to residents, on the staff origin of a development system."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from vpr_events.contracts.values import Role
from vpr_service.auth import Principal, require
from vpr_service.languages import Language, language_of
from vpr_service.origins import staff_page
from vpr_service.problems import Problem
from vpr_service.runtime import Running
from vpr_service.sign_in import StaffPageRoute
from vpr_video.sending.outbox import Shown
from vpr_video.sending.wiring import outbox_of
from vpr_video.web.rendering import HEADERS, templates
from vpr_video.web.text import Text

TEXTS: dict[Language, Text] = {
    "en": Text(
        "Outbox",
        ("Nothing is sent from here: this is a development system. The newest invitations, until it is stopped.",),
    ),
    "fr": Text(
        "Boîte d’envoi",
        ("Rien ne part d’ici : c’est un système de développement. Les dernières invitations, jusqu’à son arrêt.",),
    ),
}
EMPTY: dict[Language, str] = {"en": "No invitation was sent yet.", "fr": "Aucune invitation n’a encore été envoyée."}

router = APIRouter(route_class=StaffPageRoute, include_in_schema=False, dependencies=[Depends(staff_page)])


@router.get("/outbox")
async def outbox(
    request: Request,
    runtime: Running,
    _: Annotated[Principal, Depends(require(Role.OFFICER, Role.SUPERVISOR, Role.ADMIN))],
) -> Response:
    """The letters, newest first. 404 where messages are really sent."""
    if (kept := outbox_of(runtime)) is None:
        raise Problem(404, "not_found", "this system has no outbox")
    language = language_of(request)
    html = templates.get_template("outbox.html").render(
        language=language,
        root=request.scope.get("root_path", "").rstrip("/"),
        sender="VPR",
        text=TEXTS[language],
        empty=EMPTY[language],
        letters=[_shown(one) for one in kept.newest_first()],
    )
    return Response(html, media_type="text/html", headers=HEADERS)


def _shown(one: Shown) -> dict[str, str]:
    message = one.letter.message
    moment = one.at.isoformat(" ", "seconds").removesuffix("+00:00")
    return {
        "head": f"{moment} UTC, {one.channel}, {masked(one.letter.recipient)}",
        "language": one.letter.language,
        "subject": message.subject,
        "text": message.text,
    }


def masked(recipient: str) -> str:
    """Enough to tell one from another: ``q…@resident.example``, ``…42``."""
    name, at, host = recipient.rpartition("@")
    return f"{name[:1]}…@{host}" if at else f"…{recipient[-2:]}"
