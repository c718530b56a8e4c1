"""What a participant may send: protocol ``vpr.call.1``. Anything else ends the connection."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from vpr_events.contracts.session import Mode
from vpr_service.requests import storable

PROTOCOL = "vpr.call.1"
MESSAGE_LIMIT = 65_536
"""Bytes of a message. The descriptions of a call with video hold about 8,000."""

type Line = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\r\n\x00]*$")]


class Sent(BaseModel):
    """Base of the messages. ``to`` names one participant; without it everyone in the call is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: UUID | None = None


class Ready(Sent):
    """The sender can be called. ``run`` names this life of the page: with a new one everything begins anew."""

    type: Literal["ready"]
    run: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{8,36}$")]
    reply: bool = False


class Sdp(BaseModel):
    """RTCSessionDescription."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["offer", "answer"]
    sdp: Annotated[str, StringConstraints(max_length=60_000)]


class Description(Sent):
    """An offer or an answer, for one participant."""

    type: Literal["description"]
    to: UUID
    description: Sdp


class Ice(BaseModel):
    """RTCIceCandidateInit, as browsers write it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidate: Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\r\n\x00]*$")]
    sdpMid: Line | None = None  # noqa: N815 - the browser's name
    sdpMLineIndex: Annotated[int, Field(ge=0, le=255)] | None = None  # noqa: N815 - the same
    usernameFragment: Line | None = None  # noqa: N815 - the same


class Candidate(Sent):
    """A way to reach the sender, for one participant; null after the last."""

    type: Literal["candidate"]
    to: UUID
    candidate: Ice | None


class ServerReady(Sent):
    """The sender's page can reach the media server, and holds these legs to it: those not named are over."""

    type: Literal["server_ready"]
    to: None = None
    legs: Annotated[tuple[UUID, ...], Field(max_length=16)] = ()


class ServerDescription(Sent):
    """For the media server: an offer of what the page sends, or the answer to an offer of what it receives."""

    type: Literal["server_description"]
    to: None = None
    leg: UUID
    description: Sdp


class ServerCandidate(Sent):
    """For the media server: a way to reach the page; null after the last."""

    type: Literal["server_candidate"]
    to: None = None
    leg: UUID
    candidate: Ice | None


class Zoom(BaseModel):
    """How far a device enlarges its picture: the least, the most, and now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
    max: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
    now: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class Situation(Sent):
    """How the sender's device is: what it sends, what it can do, whether it shows the other side's picture.

    ``saving``: few data are to be sent, also to it.
    """

    type: Literal["state"]
    audio: bool = False
    video: bool = False
    facing: Literal["user", "environment"] | None = None
    cameras: Annotated[int, Field(ge=0, le=20)] = 0
    torch: bool | None = None
    zoom: Zoom | None = None
    saving: bool = False
    seeing: bool = False


class Wish(Sent):
    """Something staff ask the resident's page to offer; the resident decides."""

    type: Literal["request"]
    what: Literal["rear_camera", "front_camera", "torch_on", "torch_off", "zoom_in", "zoom_out", "unmute", "camera_on"]


class Chat(Sent):
    """Something written, for everyone in the call. ``id`` is the sender's own, so that a repetition counts once."""

    type: Literal["chat"]
    to: None = None
    id: UUID
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class Media(Sent):
    """Whether officer and resident are connected, as the officer's page sees it; with how, or with who is lost."""

    type: Literal["media"]
    to: None = None
    state: Literal["connected", "lost"]
    mode: Mode = Mode.VIDEO
    lost: UUID | None = None


class Ladder(Sent):
    """Go up or down the ladder of video, audio, chat, upload."""

    type: Literal["mode"]
    to: None = None
    mode: Mode


class Ping(Sent):
    """Nothing but a sign of life, which is answered."""

    type: Literal["ping"]
    to: None = None


type Message = Annotated[
    Ready
    | Description
    | Candidate
    | ServerReady
    | ServerDescription
    | ServerCandidate
    | Situation
    | Wish
    | Chat
    | Media
    | Ladder
    | Ping,
    Field(discriminator="type"),
]

type ForServer = ServerReady | ServerDescription | ServerCandidate

_MESSAGES: TypeAdapter[Message] = TypeAdapter(Message)


def message_in(text: str) -> Message:
    """The message. Raises ValueError (pydantic's ValidationError is one) for anything else."""
    message = _MESSAGES.validate_json(text)
    if isinstance(message, Chat):
        storable(message.text)
    return message
