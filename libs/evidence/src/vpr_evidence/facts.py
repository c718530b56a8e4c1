"""What an image tells about itself. Read from a copy in memory, after the receipt: the original keeps all of it."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image

from vpr_evidence.names import UNPRINTABLE

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""What can be read; each file by the decoder of its own type alone."""

CAMERA_LIMIT = 100
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

    ``located``: whether there is a GPS position in it, ``latitude`` and ``longitude`` (degrees, WGS 84) if it can be
    read; ``camera`` is its make and model. All personal.
    """

    readable: bool
    width: int | None = None
    height: int | None = None
    captured_at: str | None = None
    located: bool = False
    latitude: float | None = None
    longitude: float | None = None
    camera: str | None = None


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
    where = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(where, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    longitude = _degrees(where, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    known = latitude is not None and longitude is not None
    at = {"latitude": latitude, "longitude": longitude} if known else {}
    return Facts(True, width, height, captured_at, bool(where), **at, camera=_camera(exif))


def _degrees(where: Mapping[int, Any], value: int, reference: int, negative: str, most: int) -> float | None:
    """A coordinate of EXIF (degrees, minutes, seconds) in degrees; None for what is none."""
    try:
        degrees, minutes, seconds = (float(part) for part in where[value])
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None
    found = degrees + minutes / 60 + seconds / 3600
    sign = -1 if str(where.get(reference)).strip("\0 ").upper() == negative else 1
    return round(sign * found, 6) if 0 <= found <= most else None


def _camera(exif: Image.Exif) -> str | None:
    """Make and model as the camera wrote them, tidied; None without."""
    said = " ".join(str(exif.get(tag) or "") for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    return UNPRINTABLE.sub("", said).strip()[:CAMERA_LIMIT] or None


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
