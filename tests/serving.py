"""An app of the test's own behind a real port."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from tests.waiting import DEADLINE, wait_for


@contextmanager
def served(app: ASGIApp, port: int) -> Iterator[None]:
    """The app answers on this port of the loopback, from a thread of its own; what it runs beside that is left out."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive(), "it starts")
        assert server.started, "it ended"
        yield
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
