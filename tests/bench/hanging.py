"""A receiver of webhooks that never answers, as a program: ``python -m tests.bench.hanging PORT``."""

import asyncio
import sys

from tests.receivers import Receiver, Reply


async def main(port: int) -> None:
    """Listen until it is stopped; only whoever asks for the state is answered."""
    async with Receiver.listening(lambda came: Reply(200 if came.path == "/readyz" else None), port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1])))
    except KeyboardInterrupt:
        sys.exit(0)
