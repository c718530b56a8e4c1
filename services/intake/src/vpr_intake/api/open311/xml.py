"""Documents as XML: UTF-8, no namespace, null as an empty element. We write XML and never read any."""

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped, such as most control characters."""

ITEMS = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "media_urls": "media_url",
    "notes": "note",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
"""What the members of a list are called."""


def document(root: str, content: object) -> bytes:
    """The document whose root element is ``root``. Raises KeyError for a list whose members have no name."""
    element = Element(root)
    _fill(element, content)
    body: bytes = tostring(element, encoding="utf-8")
    return DECLARATION + body


def _fill(element: Element, content: object) -> None:
    match content:
        case None | "":
            return
        case bool():
            element.text = "true" if content else "false"
        case str():
            element.text = FORBIDDEN.sub("\ufffd", content)
        case Mapping():
            for name, value in content.items():
                _fill(SubElement(element, name), value)
        case Sequence():
            for member in content:
                _fill(SubElement(element, ITEMS[element.tag]), member)
        case _:
            element.text = str(content)
