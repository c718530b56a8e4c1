"""What an image tells about itself. Read from a copy in memory, after the receipt: the original keeps all of it."""

import struct
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from PIL import ExifTags, Image

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""What can be read; each file by the decoder of its own type alone."""

MOST_PIXELS = 300_000_000
"""Beyond that an image is no photo but a trap."""

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
"""Pillow refuses twice as many by itself, whoever decodes; it is the process's own setting, made once."""

BROKEN = (OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, ArithmeticError, struct.error, Warning,
          Image.DecompressionBombError)  # fmt: skip
"""What Pillow's decoders raise for files that somebody bent."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``width`` and ``height`` in pixels; ``captured_at`` as the camera's clock had it, mostly without an offset.

    ``located``: whether there is a GPS position in it. All personal.
    """

    readable: bool
    width: int | None = None
    height: int | None = None
    captured_at: str | None = None
    located: bool = False


UNREADABLE = Facts(readable=False)


def facts_of(content: bytes, media_type: str) -> Facts | None:
    """The facts of an image, of which only headers are read: no pixel is decoded. None for what has none to read."""
    if media_type not in FORMATS:
        return None
    try:
        with Image.open(BytesIO(content), formats=[FORMATS[media_type]]) as image:
            return _read(image)
    except BROKEN:
        return UNREADABLE


def _read(image: Image.Image) -> Facts:
    width, height = image.size
    if width * height > MOST_PIXELS:
        return UNREADABLE
    exif = image.getexif()
    taken = exif.get_ifd(ExifTags.IFD.Exif)
    when = taken.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    captured_at = _moment(when, taken.get(ExifTags.Base.OffsetTimeOriginal))
    return Facts(True, width, height, captured_at, bool(exif.get_ifd(ExifTags.IFD.GPSInfo)))


def _moment(when: object, offset: object) -> str | None:
    """EXIF's time in ISO 8601; None for what is no time."""
    try:
        local = datetime.strptime(str(when).strip("\0 "), "%Y:%m:%d %H:%M:%S").isoformat()  # noqa: DTZ007
    except ValueError:
        return None
    try:
        return datetime.fromisoformat(f"{local}{str(offset).strip(chr(0) + ' ')}").isoformat()
    except ValueError:
        return local
