"""Which kinds of file are taken, and what a file is by its own first bytes: never by its name or by what is said of it.

An allow-list of exact signatures. What it does not know is refused, programs, pages and archives among it.
"""

from enum import StrEnum

HEAD = 512
"""How many bytes from a file's beginning are enough to tell what it is."""


class Kind(StrEnum):
    """What a file is to people; limits differ by it."""

    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"


KINDS = {
    "image/jpeg": Kind.PHOTO,
    "image/png": Kind.PHOTO,
    "image/webp": Kind.PHOTO,
    "image/heic": Kind.PHOTO,
    "video/mp4": Kind.VIDEO,
    "video/quicktime": Kind.VIDEO,
    "video/webm": Kind.VIDEO,
    "application/pdf": Kind.DOCUMENT,
}
"""The media types that are taken."""

SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
    "application/json": ".json",
}
"""How the name of a file ends; also of documents that we make ourselves."""

ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/heif": "image/heic",
    "video/mov": "video/quicktime",
    "application/x-pdf": "application/pdf",
    "audio/webm": "video/webm",
    "audio/mp4": "video/mp4",
}
"""What some senders say instead; of a container without pictures, that it is one of sound."""

UNDECLARED = ("", "application/octet-stream", "binary/octet-stream")
"""What says nothing about the content."""

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
ANY_HEIF = (b"mif1", b"msf1")
"""Brands of every HEIF file, of AVIF too: which codec it is, the compatible brands tell."""
MP4_BRANDS = (b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42",
              b"avc1", b"hvc1", b"dash", b"MSNV", b"M4V ", b"M4VH", b"M4VP")  # fmt: skip
QUICKTIME_BRAND = b"qt  "


def sniffed(head: bytes) -> str | None:
    """The media type that a file has by its first bytes (512 are enough); None for every other file."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"\x42\x82\x84webm" in head[:64] else None
    return None


def _by_brand(head: bytes) -> str | None:
    """ISO base media files (ISO/IEC 14496-12, 4.3) say in their first box what they are."""
    size = int.from_bytes(head[:4])
    major, compatible = head[8:12], [head[place : place + 4] for place in range(16, min(size, len(head)), 4)]
    if major in HEIF_BRANDS:
        return "image/heic"
    if major in ANY_HEIF:
        return "image/heic" if any(brand in HEIF_BRANDS for brand in compatible) else None
    if major == QUICKTIME_BRAND:
        return "video/quicktime"
    return "video/mp4" if major in MP4_BRANDS else None


def declared(content_type: str | None) -> str | None:
    """What a sender says the content is, by its usual name; None when that says nothing."""
    said = (content_type or "").partition(";")[0].strip().lower()
    return None if said in UNDECLARED else ALIASES.get(said, said)
