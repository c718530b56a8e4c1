"""The receiver that docs/guide-311.md shows is run as it stands there."""

import asyncio
import os
import re
import sys
from pathlib import Path

import httpx

from tests.processes import free_port
from tests.system import System
from tests.waiting import DEADLINE, until
from tests.webhooks import Partner

GUIDE = Path(__file__).parents[2] / "docs" / "guide-311.md"


async def test_the_guides_receiver_takes_what_is_signed_and_refuses_the_rest(intake: System, tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "receiver.py").write_text(program)
    partner, port = await Partner.admitted(intake), free_port()
    hook = await partner.webhook(f"http://127.0.0.1:{port}/")
    given = {**os.environ, "WEBHOOK_SECRET": hook["secret"], "PORT": str(port)}
    with (tmp_path / "said").open("w") as said:
        words = [sys.executable, str(tmp_path / "receiver.py")]
        receiver = await asyncio.create_subprocess_exec(*words, env=given, stdout=said, stderr=said)
    try:
        forged = await _answer(f"http://127.0.0.1:{port}/")
        assert forged == 400
        report = await partner.files()
        [delivery] = await partner.deliveries(hook["id"], over=1)
        assert (delivery["state"], delivery["attempts"][-1]["status_code"]) == ("delivered", 204)
    finally:
        receiver.kill()
        await receiver.wait()
    told = (tmp_path / "said").read_text().splitlines()
    assert f"report.received {{'report_id': '{report}', 'status': 'received'}}" in told


async def _answer(url: str) -> int:
    async with httpx.AsyncClient(timeout=DEADLINE) as client:

        async def answered() -> int:
            try:
                return (await client.post(url, content=b"{}")).status_code
            except httpx.ConnectError:
                return 0

        return await until(answered)
