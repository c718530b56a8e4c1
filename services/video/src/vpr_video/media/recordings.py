"""The folder in which Janus records: what of which item lies there, and what is to be recorded now.

A file is named by its item, its part (an unbroken connection), and whether the resident may be seen in it.
"""

import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from vpr_events.contracts.session import Consent, Participant
from vpr_events.event import new_id
from vpr_video.seats import Seat

NAME = re.compile(r"([0-9a-f]{32})-([0-9a-f]{32})-(seen|heard)-(audio|video)-\d+\.mjr(\.tmp)?")
UNFINISHED = ".tmp"
"""How the name of a file ends that Janus writes (``recordings_tmp_ext`` in its configuration)."""

ABANDONED = 90.0
"""Seconds after which a file that nothing was written to is finished: Janus went, and its sessions with it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Janus is to record of a participant's feed: for which item, and whether with the picture."""

    evidence_id: UUID
    pictures: bool


def wanted_of(seat: Seat, online: Iterable[UUID]) -> Wanted | None:
    """What is to be recorded of who has this place: of the resident in the large picture, with everything they allow.

    Nothing while the one who records is not connected: they see that it runs, and can stop it.
    """
    if seat.served is None or seat.over:
        return None
    inside = [one for one in seat.people if one["admitted_at"] is not None and one["left_at"] is None]
    if seat.served["participant_id"] not in {one["participant_id"] for one in inside} & set(online):
        return None
    residents = [one for one in inside if one["kind"] == Participant.RESIDENT]
    if not residents or residents[0]["participant_id"] != seat.participant_id:
        return None
    if not all(Consent.RECORD in one["consents"] for one in residents):
        return None
    return Wanted(seat.served["id"], pictures=Consent.VIEW in residents[0]["consents"])


@dataclass(frozen=True, slots=True)
class Part:
    """What was recorded by one connection: the files of sound and picture, as far as there are any."""

    id: UUID
    files: tuple[Path, ...]
    sound: Path | None
    picture: Path | None

    @property
    def written(self) -> bool:
        """Whether nothing more is written to it."""
        return all(one.suffix != UNFINISHED or _age(one) > ABANDONED for one in self.files)


@dataclass(frozen=True, slots=True)
class Recordings:
    """The folder, which Janus and this service see under the same name."""

    folder: Path

    @property
    def free(self) -> int:
        """How many bytes may still be written there. Raises OSError."""
        return shutil.disk_usage(self.folder).free

    def base(self, wanted: Wanted) -> str:
        """The beginning of the names of a new part's files, as Janus is told it. Later parts sort behind."""
        seen = "seen" if wanted.pictures else "heard"
        return str(self.folder / f"{wanted.evidence_id.hex}-{new_id().hex}-{seen}")

    def begun(self, base: str) -> bool:
        """Whether Janus writes a part."""
        return any(True for _ in self.folder.glob(f"{Path(base).name}-*"))

    def files(self, evidence_id: UUID) -> list[Path]:
        """All that was recorded for an item."""
        return sorted(one for one in self.folder.glob(f"{evidence_id.hex}-*") if NAME.fullmatch(one.name))

    def parts(self, evidence_id: UUID) -> list[Part]:
        """What was recorded for an item, the earliest part first."""
        by_part: dict[str, list[Path]] = {}
        for file in self.files(evidence_id):
            by_part.setdefault(file.name.split("-")[1], []).append(file)
        return [_part(UUID(name), files) for name, files in sorted(by_part.items())]

    def remove(self, evidence_id: UUID) -> bool:
        """Nothing is kept of an item here: whether Janus still wrote to some of it."""
        writes = not all(part.written for part in self.parts(evidence_id))
        for file in self.files(evidence_id):
            file.unlink(missing_ok=True)
        return writes

    def all(self) -> Iterator[tuple[UUID, Path, float]]:
        """Every file, with its item, and the seconds for which nothing was written to it."""
        for file in self.folder.iterdir():
            if found := NAME.fullmatch(file.name):
                yield UUID(found[1]), file, _age(file)


def _age(file: Path) -> float:
    """Seconds since it was written to; none for one that has another name by now."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0


def _part(id_: UUID, files: list[Path]) -> Part:
    """Pictures that were not allowed are no part of it."""
    sound = next((one for one in files if "-audio-" in one.name), None)
    picture = next((one for one in files if "-seen-video-" in one.name), None)
    return Part(id_, tuple(files), sound, picture)
