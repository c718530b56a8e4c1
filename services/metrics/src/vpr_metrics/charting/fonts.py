"""The font that pictures are set in, for who looks at one without our pages: Arimo, as wide as what they are measured
by (SIL Open Font License, beside the files).
"""

import base64
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "web" / "static" / "fonts"
WEIGHTS = (400, 700)


@cache
def faces() -> str:
    """The style that brings the font along."""
    return "".join(_face(weight) for weight in WEIGHTS)


def _face(weight: int) -> str:
    data = base64.b64encode((FOLDER / f"arimo-{weight}.woff2").read_bytes()).decode()
    source = f"url(data:font/woff2;base64,{data})"
    return f"@font-face{{font-family:Arimo;font-weight:{weight};src:{source} format('woff2')}}"
