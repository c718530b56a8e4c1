"""HTTP clients for what we call by ourselves: the issuer and each other. For others' addresses see ``outbound``."""

import ssl
from functools import cache
from typing import Any

import httpx


@cache
def _certificates() -> ssl.SSLContext:
    """Whose certificates are good. Reading them takes a tenth of a second in which nothing else runs: once will do."""
    return httpx.create_ssl_context()


def http_client(**options: Any) -> httpx.AsyncClient:
    """A client, with httpx's own options."""
    return httpx.AsyncClient(verify=_certificates(), **options)
