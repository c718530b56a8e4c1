"""Seals: signed statements of how far a service's streams had come, each in a file of its own that is never rewritten.

A seal names the head of every stream that grew since the one before it. A head's hash chains all events below it, so
the seals of a service together fix every event of every stream, wherever its row lies.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vpr_events.event import in_utc

FORM = 1
"""The form of a seal's document."""
SUFFIX = ".seal"
READ_ONLY = 0o444

type PublicKeys = Mapping[str, Ed25519PublicKey]
"""Key id -> key."""


class BadSeal(Exception):
    """The bytes are no seal of a key we trust."""


class BadSealKey(ValueError):
    """There is no usable key in that file."""


class Head(NamedTuple):
    """A stream's growth: versions ``first`` to ``last`` are new; ``hash`` is that of ``last``."""

    stream: str
    first: int
    last: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What was signed. ``number`` counts from 1; ``previous`` is the digest of the seal before it ("" for the first).

    ``events`` and ``streams`` count all that the service had at that moment. ``sealed_at`` is real time, UTC.
    """

    service: str
    number: int
    sealed_at: datetime
    previous: str
    events: int
    streams: int
    heads: tuple[Head, ...] = field(repr=False)


@dataclass(frozen=True)
class SealKey:
    """The private half, which the database's account must not be able to read."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def at(cls, path: Path) -> "SealKey":
        """The key in this PEM file. Raises BadSealKey when there is none, or when everybody may read it."""
        try:
            open_to_all = path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH)
            private = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadSealKey(f"{path}: no readable private key in PEM ({type(error).__name__})") from error
        if open_to_all:
            raise BadSealKey(f"{path}: others may read or write the key of seals (chmod o= takes that away)")
        if not isinstance(private, Ed25519PrivateKey):
            raise BadSealKey(f"{path}: not an Ed25519 key")
        return cls(private)

    @classmethod
    def made_at(cls, path: Path) -> "SealKey":
        """The key in this file, made if absent, for our eyes only."""
        if not path.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            _write(draft, pem, 0o600, os.O_CREAT | os.O_EXCL)
            with suppress(FileExistsError):  # another process made one in this very moment: that is the key
                path.hardlink_to(draft)
            draft.unlink()
        return cls.at(path)

    @property
    def public(self) -> Ed25519PublicKey:
        """The half that verifies."""
        return self.private.public_key()

    def seal(self, seal: Seal) -> bytes:
        """The content of the seal's file: the signature in hexadecimal, and after a line feed the signed document."""
        document = orjson.dumps(
            {
                "form": FORM,
                "service": seal.service,
                "number": seal.number,
                "sealed_at": seal.sealed_at.isoformat(timespec="microseconds"),
                "previous": seal.previous,
                "events": seal.events,
                "streams": seal.streams,
                "key": key_id(self.public),
                "heads": [list(head) for head in seal.heads],
            }
        )
        return self.private.sign(document).hex().encode() + b"\n" + document


def key_id(key: Ed25519PublicKey) -> str:
    """By what a seal names its key: the beginning of the public half's digest."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def public_keys(paths: Iterable[Path]) -> PublicKeys:
    """The keys in these PEM files, public or private. Raises BadSealKey."""
    keys = [_public_key(path) for path in paths]
    return {key_id(key): key for key in keys}


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, UnsupportedAlgorithm) as error:
        raise BadSealKey(f"{path}: no readable key in PEM ({type(error).__name__})") from error
    except ValueError:
        return SealKey.at(path).public
    if not isinstance(key, Ed25519PublicKey):
        raise BadSealKey(f"{path}: not an Ed25519 key")
    return key


def digest_of(content: bytes) -> str:
    """By what the next seal names this one: sha256 over its file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def opened(content: bytes, keys: PublicKeys) -> Seal:
    """The seal in a file's content. Raises BadSeal unless a key of ours signed exactly this."""
    signature, _, document = content.partition(b"\n")
    try:
        fields = orjson.loads(document)
        keys[fields["key"]].verify(bytes.fromhex(signature.decode()), document)
        return _seal_of(fields)
    except InvalidSignature as error:
        raise BadSeal("the signature is not of this content") from error
    except KeyError as error:
        raise BadSeal("it is not signed with a known key, or not whole") from error
    except (ValueError, TypeError) as error:
        raise BadSeal("it cannot be read") from error


def _seal_of(fields: dict[str, Any]) -> Seal:
    if fields["form"] != FORM:
        raise BadSeal(f"its form is {fields['form']}, not {FORM}")
    return Seal(
        service=fields["service"],
        number=fields["number"],
        sealed_at=in_utc(datetime.fromisoformat(fields["sealed_at"])),
        previous=fields["previous"],
        events=fields["events"],
        streams=fields["streams"],
        heads=tuple(Head(*head) for head in fields["heads"]),
    )


@dataclass(frozen=True)
class SealFolder:
    """Append-only storage: files are made, and never changed or removed by us."""

    path: Path

    def place(self, number: int) -> Path:
        """Where the seal of this number is."""
        return self.path / f"{number:012}{SUFFIX}"

    def read(self, number: int) -> bytes | None:
        """The content of a seal's file; None when it is not there."""
        try:
            return self.place(number).read_bytes()
        except FileNotFoundError:
            return None

    def numbers(self) -> list[int]:
        """The numbers of the seals that are there, in order."""
        names = (path.stem for path in self.path.glob(f"*{SUFFIX}"))
        return sorted(int(name) for name in names if name.isdecimal())

    def add(self, number: int, content: bytes) -> bool:
        """Write a seal's file, safe on the disk when we return; False when one is there that holds something else."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self.place(number)
        try:
            _write(place, content, READ_ONLY, os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            torn = place.read_bytes()
            if not content.startswith(torn):
                return False
            if place.stat().st_mode & stat.S_IWUSR:  # we ended, or the machine, before it was whole
                _write(place, content[len(torn) :], READ_ONLY, os.O_APPEND)
        return self.read(number) == content


def _write(path: Path, content: bytes, mode: int, how: int) -> None:
    """Write with these flags; ``mode`` is given once all is safe on the disk. The folder's entry is made safe too."""
    descriptor = os.open(path, os.O_WRONLY | how, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
