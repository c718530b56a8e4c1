"""Pages for residents: a report, its receipt and its status, in English and French."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
