"""The folder of one local system (``./.vpr``): its servers' state, the development issuer's key, metrics' files."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from vpr.embedded import Endpoints
from vpr_service.issuer import DevelopmentIssuer

AUDIENCE = "vpr"
KEY = "issuer.pem"
PUBLISHED = "issuer.jwks"


@dataclass(frozen=True)
class Home:
    """A local system's folder, and the address its pages are reached at."""

    folder: Path
    url: str

    @classmethod
    def given(cls, folder: Path | None = None, url: str | None = None) -> "Home":
        """From the command line, else the environment (VPR_HOME, VPR_URL), else the defaults."""
        return cls(
            (folder or Path(os.environ.get("VPR_HOME", ".vpr"))).absolute(),
            (url or os.environ.get("VPR_URL", "http://localhost:8000")).rstrip("/"),
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on: this machine's loopback alone, unless the URL names another host."""
        parts = urlsplit(self.url)
        host = parts.hostname or "localhost"
        return "127.0.0.1" if host == "localhost" else host, parts.port or 80

    @property
    def exists(self) -> bool:
        """Whether a system lives here: what it does not know it never deletes."""
        return (self.folder / KEY).exists() or self.servers.exists()

    def create(self) -> None:
        """Make the folder: others may pass through (PostgreSQL's own account does), but not look around."""
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.metrics.mkdir(mode=0o700, exist_ok=True)

    def remove(self) -> None:
        """Delete what a system leaves besides its servers' data, and the folder if nothing else is in it."""
        shutil.rmtree(self.metrics, ignore_errors=True)
        for name in (KEY, PUBLISHED):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    @property
    def metrics(self) -> Path:
        """Where metrics keeps its DuckDB files."""
        return self.folder / "metrics"

    @property
    def seals(self) -> Path:
        """Where the seals are written to, if they are."""
        return self.folder / "seals"

    @property
    def servers(self) -> Path:
        """Where the embedded servers live."""
        return self.folder / "servers"

    @property
    def issuer_name(self) -> str:
        """What the development issuer calls itself in tokens."""
        return f"{self.url}/development-issuer"

    def issuer(self) -> DevelopmentIssuer:
        """The development issuer of this system."""
        return DevelopmentIssuer.at(self.folder / KEY, self.issuer_name, AUDIENCE)

    def environment(self, service: str, endpoints: Endpoints) -> dict[str, str]:
        """The environment variables with which ``python -m vpr_<service>`` joins this system."""
        self.issuer()
        prefix = service.upper()
        own = {
            f"{prefix}_DATABASE_URL": endpoints.database_urls[service],
            f"{prefix}_NATS_PASSWORD": endpoints.nats_users[service][1],
            "NATS_URL": endpoints.nats_url,
            "VPR_ENVIRONMENT": "development",
            "OIDC_ISSUER": self.issuer_name,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_JWKS": str(self.folder / PUBLISHED),
            "PUBLIC_URL": self.url,
        }
        return own | ({"METRICS_FOLDER": str(self.metrics)} if service == "metrics" else {})
