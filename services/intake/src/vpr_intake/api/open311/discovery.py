"""Where the API is and which formats it speaks. Public.

The content type stands without a charset here, and here alone: a widely used validator compares it exactly.
"""

from fastapi import APIRouter, Request, Response

from vpr_intake.api.open311.documents import Chosen, Document, Format
from vpr_intake.api.open311.errors import PREFIX, Open311Route
from vpr_intake.settings import settings_of
from vpr_service.runtime import Running

router = APIRouter(prefix=PREFIX, tags=["open311"], route_class=Open311Route, default_response_class=Response)

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-25T00:00:00Z"
"""When what we offer changed last."""


@router.get("/discovery.{format}")
@router.get("/v2/discovery.{format}")
async def discovery(form: Chosen, request: Request, runtime: Running) -> Response:
    """The service discovery document."""
    settings = settings_of(runtime)
    here = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
    ours = settings.open311_url or f"{here}{PREFIX}/v2"
    content = {
        "changeset": CHANGESET,
        "contact": settings.open311_contact,
        "key_service": settings.open311_key_service,
        "endpoints": [_endpoint("production", ours), _endpoint("test", settings.open311_test_url or ours)],
    }
    return Document("discovery", content).response(form, headers={"Content-Type": form.media_type})


def _endpoint(kind: str, url: str) -> dict[str, object]:
    return {
        "specification": SPECIFICATION,
        "url": url,
        "changeset": CHANGESET,
        "type": kind,
        "formats": [form.media_type for form in Format],
    }
