"""Files of every kind that tests send, made here: what is in them is nobody's."""

import io
import zipfile
from collections.abc import AsyncIterator, Mapping

from PIL import ExifTags, Image

TAKEN_AT = "2026-05-04T12:30:00-05:00"


def photo(form: str = "JPEG", *, located: bool = True) -> bytes:
    """A small image that tells when and (if ``located``) that a camera knew where."""
    made, exif = io.BytesIO(), Image.Exif()
    exif[ExifTags.Base.DateTime] = "2026:05:04 12:30:00"
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    camera[ExifTags.Base.DateTimeOriginal] = "2026:05:04 12:30:00"
    camera[ExifTags.Base.OffsetTimeOriginal] = "-05:00"
    if located:
        exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    Image.new("RGB", (40, 30), (1, 2, 3)).save(made, form, exif=exif)
    return made.getvalue()


def box(kind: bytes, payload: bytes = b"") -> bytes:
    """A box of an ISO base media file."""
    return (8 + len(payload)).to_bytes(4) + kind + payload


def media(major: bytes, *compatible: bytes, size: int = 600) -> bytes:
    """A file of boxes with these brands."""
    return box(b"ftyp", major + bytes(4) + b"".join(compatible)) + box(b"mdat", bytes(size))


def matroska(kind: bytes) -> bytes:
    """The beginning of a Matroska file of this document type."""
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82" + bytes([0x80 + len(kind)]) + kind + bytes(500)


def bomb() -> bytes:
    """An archive that is a thousand times as large inside."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(20_000_000))
    return made.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n" + b" " * 600
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(600)
PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>" + b" " * 600
DRAWING = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' + b" " * 600

GOOD: Mapping[str, bytes] = {
    "image/jpeg": photo(),
    "image/png": photo("PNG"),
    "image/webp": photo("WEBP"),
    "image/heic": media(b"heic", b"mif1", b"heic"),
    "video/mp4": media(b"isom", b"isom", b"iso2", b"avc1", b"mp41"),
    "video/quicktime": media(b"qt  ", b"qt  "),
    "video/webm": matroska(b"webm"),
    "application/pdf": PDF,
}
"""One of each type that is taken."""

REFUSED: Mapping[str, bytes] = {
    "a program for Windows": PROGRAM,
    "a program for Linux": b"\x7fELF\x02\x01\x01" + bytes(600),
    "a script": b"#!/bin/sh\necho hello\n" + b" " * 600,
    "a page": PAGE,
    "a drawing with a script": DRAWING,
    "an archive": bomb(),
    "another archive": b"\x1f\x8b\x08" + bytes(600),
    "text": b"hello " * 200,
    "a moving picture": b"GIF89a" + bytes(600),
    "sound": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(600),
    "sound in boxes": media(b"M4A ", b"mp42"),
    "an AVIF image": media(b"mif1", b"mif1", b"avif"),
    "another Matroska file": matroska(b"matroska"),
    "JPEG 2000": b"\x00\x00\x00\x0cjP  " + bytes(600),
    "a document with something before it": b"\r\n" + PDF,
}
"""What is not taken, whatever it is called."""


async def in_parts(content: bytes, length: int = 1000) -> AsyncIterator[bytes]:
    """The content in parts of this many bytes."""
    for place in range(0, len(content), length):
        yield content[place : place + length]
