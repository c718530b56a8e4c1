"""An answer as a picture: SVG, PNG, or a page that draws it and needs nothing else."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vpr_metrics.api.forms import DATA, MEDIA, RESPONSES, Form, liked
from vpr_metrics.charting.fonts import faces
from vpr_metrics.charting.picture import Picture
from vpr_metrics.charting.studio import Studio
from vpr_metrics.charting.styling import WIDE
from vpr_metrics.city import City, Told
from vpr_metrics.web import STATIC, TEMPLATES
from vpr_service.described import problems
from vpr_service.languages import Language, language_of
from vpr_service.runtime import Running, Runtime

PICTURES = (Form.SVG, Form.PNG, Form.HTML)
DRAWN_RESPONSES: dict[int | str, dict[str, Any]] = {
    **RESPONSES,
    200: {"content": {MEDIA[form]: {} for form in Form if form is not Form.JSON}},
    **problems(422, 503),
}
"""What to tell OpenAPI of an endpoint that answers as a picture, too."""

ALONE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
WORDS = {
    "en": {"SVG_ACTION": "Save as SVG", "PNG_ACTION": "Save as PNG", "CLICK_TO_VIEW_ACTIONS": "Save this picture"},
    "fr": {
        "SVG_ACTION": "Enregistrer en SVG", "PNG_ACTION": "Enregistrer en PNG",
        "CLICK_TO_VIEW_ACTIONS": "Enregistrer cette image",
    },
}  # fmt: skip
NO_SCRIPT = {
    "en": "This picture needs JavaScript; as SVG or PNG it does not.",
    "fr": "Cette image a besoin de JavaScript; en SVG ou en PNG, elle s\u2019en passe.",
}

templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


async def accepted_or_drawn(request: Request) -> Form:
    """The form that the Accept header likes best, pictures among them. Raises Problem 406."""
    return liked(request, (*DATA, *PICTURES))


AcceptedOrDrawn = Annotated[Form, Depends(accepted_or_drawn)]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What it takes to draw an answer: the processes, who knows the city's names, and the reader's language."""

    studio: Studio
    city: City
    language: Language


def drawing_of(runtime: Runtime, language: Language) -> Drawing:
    """Of a running service."""
    studio = runtime.worker(Studio)
    city = runtime.worker(City)
    return Drawing(studio, city, language)


async def _drawing(request: Request, runtime: Running) -> Drawing:
    return drawing_of(runtime, language_of(request))


Draws = Annotated[Drawing, Depends(_drawing)]


async def drawn(draw: Callable[[Told], Picture], form: Form, name: str, drawing: Drawing) -> Response:
    """The picture that ``draw`` makes, as a response; ``name`` is the file's. Raises Problem."""
    picture = draw(await drawing.city.told(drawing.language))
    body, policy = await _drawn(picture, form, name, drawing)
    headers = {"Vary": "Accept, Accept-Language", "Cache-Control": "no-store", "Content-Security-Policy": policy}
    if form is not Form.HTML:
        headers["Content-Disposition"] = f'inline; filename="{name}.{form}"'
    return Response(body, headers=headers, media_type=MEDIA[form])


async def _drawn(picture: Picture, form: Form, name: str, drawing: Drawing) -> tuple[bytes, str]:
    """The picture, and the policy that lets in exactly what it brings along."""
    if form is Form.HTML:
        return await _page(picture, name, drawing)
    body = await drawing.studio.draw(picture, form, WIDE)
    if form is Form.PNG:
        return body, f"default-src 'none'; {ALONE}"
    head, end, rest = body.partition(b"</title>")
    styled = b"".join((head, end, f"<style>{faces()}</style>".encode(), rest))
    return styled, f"default-src 'none'; style-src {_hash(faces())}; font-src data:; {ALONE}"


async def _page(picture: Picture, name: str, drawing: Drawing) -> tuple[bytes, str]:
    """A page that draws the picture by itself, and the policy that lets exactly its own script and style in."""
    told = orjson.loads(await drawing.studio.draw(picture, "told", WIDE))
    script = (await drawing.studio.script()).decode().replace("</script", "<\\/script")
    style = faces() + (STATIC / "picture.css").read_text()
    data = orjson.dumps(told | {"words": WORDS[drawing.language], "name": name}).decode().replace("<", "\\u003c")
    html = templates.get_template("picture.html").render(
        language=drawing.language,
        picture=picture,
        no_script=NO_SCRIPT[drawing.language],
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - vl-convert's, and ours
        told=Markup(data),  # noqa: S704 - "<" is escaped, the rest is data
    )
    policy = f"script-src {_hash(script)}; style-src {_hash(style)}; img-src data: blob:; font-src data:"
    return html.encode(), f"default-src 'none'; {policy}; {ALONE}"


def _hash(text: str) -> str:
    """As a content security policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
