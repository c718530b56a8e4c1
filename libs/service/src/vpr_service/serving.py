"""Serving one app with uvicorn: in-flight requests are finished on SIGTERM."""

import uvicorn
from fastapi import FastAPI

GRACE = 20


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until a signal. Our own request log replaces uvicorn's, which would write whole URLs."""
    uvicorn.run(
        app, host=host, port=port, access_log=False, log_level="warning", server_header=False, loop="uvloop",
        timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
