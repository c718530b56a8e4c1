"""Where pictures are drawn: a process that takes orders on standard input and writes them to standard output.

It has neither the service's environment nor the network: a specification of ours names no address, and none is allowed.
"""

import json
import re
import resource
import sys
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, BinaryIO, Literal
from xml.sax.saxutils import escape, quoteattr

import vl_convert as vlc

from vpr_metrics.charting.drawing import specification
from vpr_metrics.charting.frames import HEAD

VEGA_LITE = "6.4"
SCALE = 2.0
"""Pixels of a PNG for each of the picture."""
LOCALES: Mapping[str, Literal["en-CA", "fr-CA"]] = {"en": "en-CA", "fr": "fr-CA"}
ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
NAMES = re.compile(r'(\bid="|url\(#)')

START = """
const told = JSON.parse(document.getElementById("told").textContent);
vegaEmbed("#picture", told.specification, {
  ast: true, renderer: "svg", defaultStyle: false, tooltip: {disableDefaultStyle: true},
  actions: {export: true, source: false, compiled: false, editor: false},
  i18n: told.words, downloadFileName: told.name,
  formatLocale: told.formatLocale, timeFormatLocale: told.timeFormatLocale,
});
"""


def main() -> None:
    """Say that we are ready, then draw until the input ends."""
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _send(sink, b"")
    while head := source.read(HEAD.size):
        _, size = HEAD.unpack(head)
        order = json.loads(source.read(size))
        try:
            _send(sink, drawn(order))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one picture, the next can be drawn
            _send(sink, f"{type(error).__name__}: {error}".encode(), good=False)


def _send(sink: BinaryIO, body: bytes, *, good: bool = True) -> None:
    sink.write(HEAD.pack(good, len(body)) + body)
    sink.flush()


def drawn(order: Mapping[str, Any]) -> bytes:
    """What an order asks for: ``svg``, ``png``, ``told`` (for a page that draws itself), or that page's ``script``."""
    if order["form"] == "script":
        return str(vlc.javascript_bundle(START, VEGA_LITE)).encode()
    picture = order["picture"]
    spec, locale = specification(picture, order["width"], titled=order["titled"]), LOCALES[picture["language"]]
    asked: dict[str, Any] = {"vl_version": VEGA_LITE, "allowed_base_urls": [], "format_locale": locale}
    asked |= {"time_format_locale": locale}
    match order["form"]:
        case "svg":
            return described(vlc.vegalite_to_svg(spec, **asked), order["description"]).encode()
        case "png":
            return bytes(vlc.vegalite_to_png(spec, scale=SCALE, **asked))
        case _:
            own = {
                "formatLocale": vlc.get_format_locale(locale),
                "timeFormatLocale": vlc.get_time_format_locale(locale),
            }
            return json.dumps({"specification": spec} | own).encode()


def described(svg: str, description: str) -> str:
    """The SVG as one image with one description, and names of its own, so that it can stand beside others on a page."""
    own = f"p{sha256(svg.encode()).hexdigest()[:8]}-"
    plain = NAMES.sub(rf"\g<1>{own}", ROLES.sub("", svg))
    label = f' role="img" aria-label={quoteattr(description)}>'
    head, end, rest = plain.partition(">")
    return f"{head}{label}<title>{escape(description)}</title>{rest}" if end else plain


if __name__ == "__main__":
    main()
