"""What the pages of several services share: style, icon, and the pages around signing in."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
