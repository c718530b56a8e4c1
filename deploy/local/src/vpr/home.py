"""The folder of one local system (``./.vpr``): its servers' state, the development keys, seals, metrics' files."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from vpr.embedded import Endpoints
from vpr_events.contracts import SERVICES
from vpr_events.seals import SealKey
from vpr_service.issuer import DevelopmentIssuer, write_whole
from vpr_service.settings import DEVELOPMENT_ISSUER

AUDIENCE = "vpr"
KEY = "issuer.pem"
PUBLISHED = "issuer.jwks"
SEAL_KEY = "seal.pem"
WEBHOOK_KEY = "webhook.key"
EVIDENCE_KEY = "evidence.key"
LOOPBACK = "localhost,127.0.0.0/8,::1"
CLIENTS = "clients.json"
STAFF_CLIENT = "staff"
ASKED_BY_INTAKE = ("metrics", "triage", "video", "dispatch")


@dataclass(frozen=True)
class Home:
    """A local system's folder, and the addresses of its origins: ``url`` for the public, ``staff_url`` for staff."""

    folder: Path
    url: str
    staff_url: str

    @classmethod
    def given(cls, folder: Path | None = None, url: str | None = None, staff_url: str | None = None) -> "Home":
        """From the command line, else the environment (VPR_HOME, VPR_URL, VPR_STAFF_URL), else the defaults."""
        public = (url or os.environ.get("VPR_URL", "http://localhost:8000")).rstrip("/")
        staff = staff_url or os.environ.get("VPR_STAFF_URL") or next_port(public)
        return cls((folder or Path(os.environ.get("VPR_HOME", ".vpr"))).absolute(), public, staff.rstrip("/"))

    @property
    def addresses(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Hosts and ports to listen on: this machine's loopback alone, unless a URL names another host."""
        return address_of(self.url), address_of(self.staff_url)

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
        for folder in (self.metrics, self.seals, self.evidence, self.imports):
            shutil.rmtree(folder, ignore_errors=True)
        for name in (KEY, PUBLISHED, SEAL_KEY, WEBHOOK_KEY, EVIDENCE_KEY, CLIENTS):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    @property
    def metrics(self) -> Path:
        """Where metrics keeps its DuckDB files."""
        return self.folder / "metrics"

    @property
    def imports(self) -> Path:
        """Where imports that are not over keep how far they are."""
        return self.folder / "imports"

    @property
    def seals(self) -> Path:
        """Where each service has a folder of its seals."""
        return self.folder / "seals"

    @property
    def seal_key(self) -> Path:
        """The key that signs this system's seals, made if absent. Only in development all services may share it."""
        SealKey.made_at(self.folder / SEAL_KEY)
        return self.folder / SEAL_KEY

    @property
    def webhook_key(self) -> str:
        """The key that encrypts webhooks' secrets, made if absent."""
        return self._key(WEBHOOK_KEY)

    @property
    def evidence(self) -> Path:
        """Where each service that keeps files has a folder of them, encrypted."""
        return self.folder / "evidence"

    @property
    def evidence_key(self) -> str:
        """The key that wraps the keys of files, made if absent. It lies beside them: for development."""
        return self._key(EVIDENCE_KEY)

    def _key(self, name: str) -> str:
        """32 random bytes in URL-safe base64."""
        path = self.folder / name
        if not path.exists():
            self.create()
            write_whole(path, Fernet.generate_key())
        return path.read_text()

    @property
    def servers(self) -> Path:
        """Where the embedded servers live."""
        return self.folder / "servers"

    @property
    def issuer_name(self) -> str:
        """What the development issuer calls itself in tokens."""
        return self.staff_url + DEVELOPMENT_ISSUER

    def issuer(self) -> DevelopmentIssuer:
        """The development issuer of this system."""
        return DevelopmentIssuer.at(self.folder / KEY, self.issuer_name, AUDIENCE)

    def client_secrets(self) -> Mapping[str, str]:
        """The issuer's clients, the five services and the staff's sign-in, with their secrets; made if absent."""
        path = self.folder / CLIENTS
        if not path.exists():
            self.create()
            made = {name: secrets.token_urlsafe(32) for name in (*SERVICES, STAFF_CLIENT)}
            write_whole(path, json.dumps(made).encode())
        kept: dict[str, str] = json.loads(path.read_text())
        return kept

    def environment(self, service: str, endpoints: Endpoints) -> dict[str, str]:
        """The environment variables with which ``python -m vpr_<service>`` joins this system."""
        self.issuer()
        prefix = service.upper()
        own = {
            f"{prefix}_DATABASE_URL": endpoints.database_urls[service],
            f"{prefix}_NATS_PASSWORD": endpoints.nats_users[service][1],
            f"{prefix}_SEAL_KEY": str(self.seal_key),
            f"{prefix}_SEAL_FOLDER": str(self.seals / service),
            f"{prefix}_CLIENT_SECRET": self.client_secrets()[service],
            "NATS_URL": endpoints.nats_url,
            "VPR_ENVIRONMENT": "development",
            "OIDC_ISSUER": self.issuer_name,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_JWKS": str(self.folder / PUBLISHED),
            "PUBLIC_URL": self.url,
            "STAFF_URL": self.staff_url,
        }
        return own | self._further(service)

    def _further(self, service: str) -> dict[str, str]:
        """What one service needs beside. Webhooks of a local system may go to this machine, invitations nowhere."""
        if service == "intake":
            own = {
                "INTAKE_WEBHOOK_KEYS": self.webhook_key,
                "INTAKE_OUTBOUND_ALLOW": LOOPBACK,
            }
            return (
                own
                | self._keeping(service)
                | {f"INTAKE_{one.upper()}_URL": f"{self.staff_url}/{one}" for one in ASKED_BY_INTAKE}
            )
        if service == "video":
            shown = {name: os.environ.get(name, "outbox") for name in ("VIDEO_SMS", "VIDEO_EMAIL")}
            return shown | self._keeping(service) | {"VIDEO_INTAKE_URL": f"{self.staff_url}/intake"}
        if service == "triage":
            return {"TRIAGE_INTAKE_URL": os.environ.get("TRIAGE_INTAKE_URL", f"{self.staff_url}/intake")}
        if service == "metrics":
            return {"METRICS_FOLDER": str(self.metrics), "METRICS_INTAKE_URL": f"{self.staff_url}/intake"}
        return {}

    def _keeping(self, service: str) -> dict[str, str]:
        """Where a service keeps files, and the key of their keys."""
        place, prefix = (self.evidence / service).as_uri(), service.upper()
        return {f"{prefix}_EVIDENCE_URL": place, f"{prefix}_EVIDENCE_KEYS": self.evidence_key}


def address_of(url: str) -> tuple[str, int]:
    """Host and port that a URL names; ``localhost`` is this machine's loopback in IPv4."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    return "127.0.0.1" if host == "localhost" else host, parts.port or 80


def next_port(url: str) -> str:
    """The same address, one port further."""
    parts, port = urlsplit(url), address_of(url)[1]
    return parts._replace(netloc=f"{parts.netloc.removesuffix(f':{port}')}:{port + 1}").geturl()
