"""An app of the test's own behind a real port."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

DEADLINE = 60.0


@contextmanager
def served(app: ASGIApp, port: int) -> Iterator[None]:
    """The app answers on this port of the loopback, from a thread of its own; what it runs beside that is left out."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + DEADLINE
        while not server.started:
            assert thread.is_alive(), "it ended"
            assert time.monotonic() < end, "it does not start"
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
