"""The interactive API page, from files of our own origin (Swagger UI as fastapi-offline carries it)."""

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="{root}/docs/assets/favicon.png">
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css"></head>
<body><main id="api" data-schema="{root}/openapi.json"></main>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script></body></html>"""

START = """SwaggerUIBundle({
  url: document.getElementById("api").dataset.schema,
  dom_id: "#api", deepLinking: true, presets: [SwaggerUIBundle.presets.apis],
});"""


def install(app: FastAPI) -> None:
    """Serve ``/docs`` for the app's OpenAPI description."""
    app.mount("/docs/assets", StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"), "swagger")

    @app.get("/docs/start.js", include_in_schema=False)
    async def start() -> Response:
        return Response(START, media_type="text/javascript")

    @app.get("/docs", include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.format(title=app.title, root=request.scope.get("root_path", "").rstrip("/")))
