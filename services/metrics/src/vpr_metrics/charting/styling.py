"""How pictures look: sizes, fonts, and colours that colour-blind readers can tell apart (Okabe and Ito, 2008)."""

from typing import Any, Final

FONT = "Arimo, Liberation Sans, Arial, Helvetica, sans-serif"
"""Text is measured by vl-convert's own Liberation Sans; all of these are as wide."""

WIDE, NARROW = 720, 420
"""Pixels of a picture that stands alone, and of one that fits a phone as well."""

INK, SOFT, LINE, EMPTY = "#17212b", "#51606e", "#d5dde4", "#c9d1d8"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b57a00", "#56b4e9")
SHAPES = ("circle", "diamond", "square", "triangle-up", "triangle-down", "cross")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3])
SEQUENCE: Final = "viridis"
"""From dark to light with evenly growing lightness: it prints in grey as well."""

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK, "titleColor": INK, "titleFontWeight": "normal", "labelFontSize": 12, "titleFontSize": 12,
        "gridColor": LINE, "domainColor": SOFT, "tickColor": SOFT, "labelLimit": 220,
        "labelOverlap": True,
    },
    "axisX": {"tickCount": 6},
    "axisY": {"labelOverlap": False},
    "legend": {
        "labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
        "orient": "top", "symbolStrokeWidth": 2, "labelLimit": 240,
    },
    "title": {
        "anchor": "start", "frame": "bounds", "color": INK, "fontSize": 15, "subtitleColor": SOFT,
        "subtitleFontSize": 12, "subtitleLineHeight": 15, "subtitlePadding": 6, "offset": 12,
    },
}  # fmt: skip
