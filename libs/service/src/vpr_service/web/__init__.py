"""What the pages of several services share: style, icon, and the pages around signing in."""

from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
SHARED: list[str | tuple[str, str]] = [("vpr_service", "web/static")]
SMALL = 500
"""Bytes below which compressing is not worth it."""


def static_files(directory: Path) -> ASGIApp:
    """A service's own files and what its pages share with those of others, compressed: nothing in them is secret."""
    return GZipMiddleware(StaticFiles(directory=directory, packages=SHARED), SMALL)
