"""Settings of video: environment variables with the prefix ``VIDEO_``."""

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from vpr_evidence.media_types import Kind
from vpr_service.evidence import EvidenceSettings
from vpr_service.origins import host_of
from vpr_video.guidance import Guidance, load_guidance
from vpr_video.sending.settings import SendingSettings

MIB = 1024 * 1024
CHUNKS = re.compile(r"/v1/(?:call|sessions/[^/]+|given/[^/]+)/evidence/[^/]+/chunks/[^/]+")
GIVING = re.compile(r"/give/[^/]+")
MOST_TOLD = 100_000
"""How many lines, or positions, a document holds; more are not kept of a session."""
LONGEST_PATH = 150
"""Janus gives a recording's path 254 characters, of which we and it add some 80."""


def _with_token(template: str) -> str:
    if "{token}" not in template:
        raise ValueError("the join link needs a place for its {token}")
    try:
        template.format(public_url="", token="")
    except (LookupError, AttributeError):
        raise ValueError("the join link knows only {public_url} and {token}") from None
    return template


def _guidance_at(place: object) -> object:
    """The guidance of this folder; what is no text or path stays as it is. Raises GuidanceError."""
    return load_guidance(Path(place)) if isinstance(place, (str, Path)) else place


def _folder(place: object) -> object:
    """A folder that is there; None for nothing. Raises ValueError."""
    if isinstance(place, (str, Path)) and str(place):
        path = Path(place)
        if not path.is_absolute() or len(str(path)) > LONGEST_PATH or not path.is_dir():
            raise ValueError(f"this is no folder: an absolute path of at most {LONGEST_PATH} characters that is there")
        return path
    return place or None


def _scanner(address: str) -> str:
    """The address of clamd, if it is one. Raises ValueError."""
    if address:
        parts = urlsplit(address)
        if not (parts.scheme == "unix" and parts.path) and not (
            parts.scheme == "tcp" and parts.hostname and parts.port
        ):
            raise ValueError("clamd is at tcp://host:port or unix:///path")
    return address


class Settings(SendingSettings, EvidenceSettings):
    """Video's own settings.

    ``join_url`` is the link that a resident opens, with places for {public_url} and {token}, and ``neutral_join_url``
    (default: the same) that of neutral invitations; ``invite_lifetime`` is how long it can be opened, and
    ``code_lifetime`` how long a short code, though never longer than its session lasts.

    Before an appointment the waiting room opens ``opens_before``, and a reminder is sent ``remind_before`` (0: none);
    who has not come ``no_show_after`` it is missed. Links to it are good for ``invite_lifetime`` from its time on.

    ``turn_urls`` are the STUN and TURN servers that participants are told (a JSON list);
    ``turn_secret`` is what coturn knows as ``static-auth-secret``, and ``turn_lifetime`` how long credentials made with
    it are good. With ``ice_policy`` ``relay`` no address but a relay's is told to the other side. A participant whose
    socket is gone for ``drop_after`` seconds counts as interrupted. ``exit_url`` is where the quick exit leads.
    ``guidance`` is a folder with what residents are told while they wait, and with officers' checklists.

    Evidence comes in chunks of at most ``chunk_bytes``; ``recording_bytes`` and so on bound an item, ``evidence_most``
    and ``evidence_most_bytes`` those of a session, ``positions_most`` the places that are kept of one (one each five
    seconds is 17,280 a day). Working copies are made of at most ``copy_bytes``, within ``copy_time``. Links for people
    outside of a session last ``link_lifetime``; a form without scripts may have ``give_form_bytes``.
    ``clamd`` (``tcp://host:port`` or ``unix:///path``) looks through what comes from outside, each item in
    ``clamd_within``; without it nothing is looked through.

    ``media`` is how picture and sound go: ``peer`` from browser to browser, ``janus`` through Janus at ``janus_url``
    with the ``janus_secret`` that it knows as ``api_secret``, ``auto`` through Janus once there are three. Calls
    that go through it are recorded by it in the folder ``janus_recordings``, which both see under this name; without
    one, by the officer's page. No recording begins there with fewer than ``janus_recordings_free`` bytes left.
    """

    model_config = SettingsConfigDict(env_prefix="VIDEO_", extra="ignore", hide_input_in_errors=True)

    port: int = 8003
    join_url: Annotated[str, AfterValidator(_with_token)] = "{public_url}/video/join/{token}"
    neutral_join_url: Annotated[str, AfterValidator(_with_token)] | None = None
    invite_lifetime: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=4)
    code_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=1))] = timedelta(minutes=10)
    opens_before: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=1))] = timedelta(minutes=15)
    remind_before: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=7))] = timedelta(minutes=60)
    no_show_after: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=12))] = timedelta(minutes=15)
    turn_urls: tuple[str, ...] = ()
    turn_secret: SecretStr = SecretStr("")
    turn_lifetime: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=1)
    ice_policy: Literal["all", "relay"] = "all"
    drop_after: Annotated[float, Field(gt=0)] = 8.0
    exit_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] = "https://www.canada.ca/"
    guidance: Annotated[InstanceOf[Guidance], NoDecode, BeforeValidator(_guidance_at)] = Field(
        default_factory=load_guidance
    )
    chunk_bytes: Annotated[int, Field(ge=1024, le=64 * MIB)] = 8 * MIB
    recording_bytes: Annotated[int, Field(gt=0)] = 4096 * MIB
    photo_bytes: Annotated[int, Field(gt=0)] = 25 * MIB
    video_bytes: Annotated[int, Field(gt=0)] = 500 * MIB
    document_bytes: Annotated[int, Field(gt=0)] = 25 * MIB
    link_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=90))] = timedelta(days=7)
    give_form_bytes: Annotated[int, Field(ge=1024)] = 64 * MIB
    clamd: Annotated[str, AfterValidator(_scanner)] = ""
    clamd_within: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=5)
    copy_bytes: Annotated[int, Field(gt=0)] = 1024 * MIB
    copy_time: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=20)
    evidence_most: Annotated[int, Field(ge=1, le=1000)] = 200
    media: Literal["peer", "janus", "auto"] = "peer"
    janus_url: str = ""
    janus_secret: SecretStr = SecretStr("")
    janus_recordings: Annotated[Path | None, BeforeValidator(_folder)] = None
    janus_recordings_free: Annotated[int, Field(ge=0)] = 1024 * MIB
    evidence_most_bytes: Annotated[int, Field(gt=0)] = 20_480 * MIB
    positions_most: Annotated[int, Field(ge=1, le=MOST_TOLD)] = 20_000

    @model_validator(mode="after")
    def _turn_is_whole(self) -> Self:
        turn = [url for url in self.turn_urls if url.startswith(("turn:", "turns:"))]
        if any(not url.startswith(("turn:", "turns:", "stun:", "stuns:")) for url in self.turn_urls):
            raise ValueError("VIDEO_TURN_URLS holds stun:, stuns:, turn: and turns: addresses")
        if turn and not self.turn_secret.get_secret_value():
            raise ValueError("VIDEO_TURN_URLS names a TURN server: it needs VIDEO_TURN_SECRET")
        if self.ice_policy == "relay" and not turn:
            raise ValueError("VIDEO_ICE_POLICY relay needs a TURN server in VIDEO_TURN_URLS")
        return self

    @model_validator(mode="after")
    def _janus_is_whole(self) -> Self:
        if self.media == "peer":
            return self
        url = urlsplit(self.janus_url)
        if not (url.scheme == "wss" or (url.scheme == "ws" and url.hostname in {"localhost", "127.0.0.1", "::1"})):
            raise ValueError("VIDEO_MEDIA needs VIDEO_JANUS_URL: wss://, or ws:// on this machine")
        if not self.janus_secret.get_secret_value():
            raise ValueError("VIDEO_MEDIA needs VIDEO_JANUS_SECRET, which Janus knows as api_secret")
        return self

    @model_validator(mode="after")
    def _recordings_are_taken(self) -> Self:
        if self.janus_recordings is None:
            return self
        if self.media == "peer" or not self.takes_files:
            raise ValueError(
                "VIDEO_JANUS_RECORDINGS needs VIDEO_MEDIA (auto or janus) and VIDEO_EVIDENCE_URL and _KEYS"
            )
        if absent := [name for name in ("janus-pp-rec", "ffmpeg") if shutil.which(name) is None]:
            raise ValueError(f"VIDEO_JANUS_RECORDINGS needs {' and '.join(absent)}: install janus-tools and ffmpeg")
        return self

    @model_validator(mode="after")
    def _links_lead_somewhere(self) -> Self:
        if host_of(self.shared.staff_url) in {host_of(origin) for origin in self.resident_origins}:
            raise ValueError("VIDEO_JOIN_URL and VIDEO_NEUTRAL_JOIN_URL must not lead to STAFF_URL")
        return self

    @property
    def resident_origins(self) -> frozenset[str]:
        """Where residents' browsers may be: the public origin, and wherever links lead. Raises ValueError."""
        links = (self.shared.public_url, self.link_of(""), self.link_of("", neutral=True))
        return frozenset(f"{urlsplit(link).scheme}://{host_of(link)}" for link in links)

    def give_link(self, token: str) -> str:
        """The link by which somebody outside of a session sends evidence."""
        return f"{self.shared.public_url.rstrip('/')}/video/give/{token}"

    def guest_link(self, token: str) -> str:
        """The link by which a guest comes in."""
        return f"{self.shared.public_url.rstrip('/')}/video/guest/{token}"

    def link_of(self, token: str, *, neutral: bool = False) -> str:
        """The join link of a token."""
        template = (self.neutral_join_url if neutral else None) or self.join_url
        return template.format(public_url=self.shared.public_url.rstrip("/"), token=token)

    @property
    def file_bytes(self) -> dict[Kind, int]:
        """The most bytes of a file, by its kind."""
        return {Kind.PHOTO: self.photo_bytes, Kind.VIDEO: self.video_bytes, Kind.DOCUMENT: self.document_bytes}

    def body_limit(self, path: str, content_type: str) -> int:  # noqa: ARG002 - the base looks at neither
        """Chunks may be larger than everything else; one that is too large is refused where it is read."""
        if GIVING.fullmatch(path):
            return max(self.max_body_bytes, self.give_form_bytes)
        return max(self.max_body_bytes, 2 * self.chunk_bytes) if CHUNKS.fullmatch(path) else self.max_body_bytes
