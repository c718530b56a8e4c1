"""What PostgreSQL tells of sessions and cases: every replica looks anew at whom it concerns."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vpr_service.streams import Feed
from vpr_video.signalling.hub import Hub


@dataclass
class Changes(Feed):
    """What PostgreSQL told this process: hands it to the hub."""

    hub: Hub | None = None

    def tell(self, event: str, data: Any) -> None:
        """A session changed, or who holds a case."""
        if self.hub is not None:
            changed = self.hub.refresh(UUID(data["session"])) if event == "session" else None
            self.hub.soon(changed or self.hub.refresh_case(UUID(data["case"])))

    def restart(self) -> None:
        """Something may have been missed."""
        if self.hub is not None:
            self.hub.refresh_all()
