"""``/give/{token}``: the page on which somebody outside of a session sends evidence. Opening it spends nothing.

It works without JavaScript, for files that fit into one form; with it, files of any size that is taken are sent in
chunks, and go on where a broken connection left off.
"""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from vpr_events.decider import Refused
from vpr_service.languages import language_of
from vpr_service.multipart import Part, is_multipart, parts_of
from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.routes import TranslatingRoute
from vpr_service.runtime import Running, Runtime
from vpr_video.evidence.completing import complete
from vpr_video.evidence.items import Row
from vpr_video.evidence.link_schemas import GivenItem
from vpr_video.evidence.links import begun, check_open, given_link
from vpr_video.evidence.taking import item_row, take_chunk
from vpr_video.schemas import TOKEN_LIMIT
from vpr_video.sending.wiring import settings_of
from vpr_video.settings import MIB
from vpr_video.web.giving_texts import GIVING
from vpr_video.web.rendering import HEADERS, templates
from vpr_video.web.texts import EMERGENCY

NOTE_LIMIT, NAME_LIMIT, TYPE_LIMIT = 2000, 1000, 200
PIECE = 4 * MIB
"""Bytes of a chunk that is cut from a form."""
PLAIN = "application/octet-stream"

GiveToken = Annotated[str, Path(max_length=TOKEN_LIMIT)]


class GiveRoute(TranslatingRoute):
    """Answers errors with a page for people."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The page that says what is wrong."""
        code, status = ("no_such_link", 404) if problem.status == 422 else (problem.code, problem.status)
        refused = GIVING[language_of(request)]["refused"]
        response = _page(request, "give_refused.html", status, refused=refused.get(code, refused["failed"]))
        response.headers.update(problem.headers or {})
        return response


router = APIRouter(prefix="/give", route_class=GiveRoute, include_in_schema=False, dependencies=[Depends(public_page)])


async def _link(token: GiveToken, runtime: Running) -> Row:
    return await given_link(token, runtime)


Link = Annotated[Row, Depends(_link)]


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def ask(token: GiveToken, link: Link, request: Request, runtime: Running) -> Response:
    """The form; a page that says why not where nothing more is taken."""
    await _check(link, runtime)
    return _form(request, token, link, runtime)


@router.post("/{token}")
async def give(token: GiveToken, link: Link, request: Request, runtime: Running) -> Response:
    """Take the files of the form, each for itself, and say of each what became of it."""
    await _check(link, runtime)
    sent = Sent()
    if is_multipart(request):
        await _take(request, link, sent, runtime)
    again = await given_link(token, runtime)
    return _form(request, token, again, runtime, sent)


async def _check(link: Row, runtime: Runtime) -> None:
    try:
        await check_open(link, runtime)
    except Refused as refusal:
        raise Problem(410, refusal.code, str(refusal)) from None


@dataclass
class Sent:
    """What became of the files of a form: names, each with the code of a refusal, empty for one that was taken."""

    note: str = ""
    files: list[tuple[str, str]] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many were."""
        return sum(not code for _, code in self.files)


async def _take(request: Request, link: Row, sent: Sent, runtime: Runtime) -> None:
    async for part in parts_of(request):
        if part.name == "note" and part.file_name is None:
            sent.note = (await part.text(4 * NOTE_LIMIT))[:NOTE_LIMIT].replace("\0", "").strip()
        elif part.file_name:
            sent.files.append((part.file_name, await _one(part, link, sent.note, runtime)))


async def _one(part: Part, link: Row, note: str, runtime: Runtime) -> str:
    """Send one file: the code of a refusal, empty for one that was taken."""
    said = (part.content_type or PLAIN)[:TYPE_LIMIT]
    new = GivenItem(media_type=said, name=(part.file_name or "")[:NAME_LIMIT] or None, note=note or None)
    try:
        row, sequence = await begun(new, link, runtime), 0
        async for piece in _pieces(part.content(), min(PIECE, settings_of(runtime).chunk_bytes)):
            await take_chunk(row, sequence, _at_once(piece), runtime)
            row, sequence = await item_row(row["session_id"], row["id"], runtime), sequence + 1
        if not sequence:
            return "file_empty"
        await complete(row, sequence, None, runtime)
    except Problem as problem:
        return "file_type_refused" if problem.errors and problem.errors[0]["field"] == "media_type" else problem.code
    except Refused as refusal:
        return refusal.code
    return ""


async def _pieces(content: AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    held = bytearray()
    async for part in content:
        held += part
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


async def _at_once(piece: bytes) -> AsyncIterator[bytes]:
    yield piece


def _form(request: Request, token: str, link: Row, runtime: Runtime, sent: Sent | None = None) -> Response:
    texts = GIVING[language_of(request)]
    limit = settings_of(runtime).give_form_bytes // MIB
    left = max(0, link["most"] - link["used"])
    refusals = [(name, texts["script"].get(f"photo_{code}", texts["script"]["photo_failed"]))
                for name, code in (sent.files if sent else []) if code]  # fmt: skip
    return _page(
        request,
        "give.html",
        200,
        token=token,
        purpose=texts["purposes"][link["purpose"]],
        left=texts["left"].format(n=left, at=link["expires_at"].strftime("%Y-%m-%d")) if left else "",
        large=texts["large"].format(n=limit),
        taken=texts["sent"].format(n=sent.taken) if sent and sent.taken else "",
        nothing=texts["script"]["photo_none"] if sent and not sent.files else "",
        refusals=refusals,
        texts=Markup(orjson.dumps(texts["script"]).decode().replace("<", "\\u003c")),  # noqa: S704 - "<" is escaped
    )


def _page(request: Request, template: str, status: int, **values: Any) -> HTMLResponse:
    language = language_of(request)
    html = templates.get_template(template).render(
        language=language,
        root=request.scope.get("root_path", "").rstrip("/"),
        sender=GIVING[language]["sender"],
        emergency=EMERGENCY[language],
        t=GIVING[language],
        **values,
    )
    return HTMLResponse(html, status, HEADERS)
