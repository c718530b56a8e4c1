"""What the pages of several services share: style, icon, and the pages around signing in."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
SHARED: list[str | tuple[str, str]] = [("vpr_service", "web/static")]
"""For ``StaticFiles`` of a service: what its pages share with those of others."""
