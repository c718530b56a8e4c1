"""The folder of one local system (``./.vpr``): its servers' state, the development issuer's key, metrics' files."""

import os
from dataclasses import dataclass
from pathlib import Path

from vpr.embedded import Endpoints
from vpr_service.issuer import DevelopmentIssuer

AUDIENCE = "vpr"


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
    def servers(self) -> Path:
        """Where the embedded servers live."""
        return self.folder / "servers"

    @property
    def issuer_name(self) -> str:
        """What the development issuer calls itself in tokens."""
        return f"{self.url}/development-issuer"

    def issuer(self) -> DevelopmentIssuer:
        """The development issuer of this system."""
        return DevelopmentIssuer.at(self.folder / "issuer.pem", self.issuer_name, AUDIENCE)

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
            "OIDC_JWKS": str(self.folder / "issuer.jwks"),
            "PUBLIC_URL": self.url,
        }
        return own | ({"METRICS_FOLDER": str(self.folder / "metrics")} if service == "metrics" else {})
