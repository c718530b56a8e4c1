"""Filing, reading and withdrawing reports over HTTP."""

from tests.examples import NARRATIVE, new_report
from tests.system import System
from vpr_events.contracts.values import Role


async def test_a_filed_report_can_be_read_with_its_particulars(intake: System) -> None:
    officer = intake.as_(Role.OFFICER)
    filed = await intake["intake"].post("/v1/reports", json=new_report(), headers=officer)
    assert filed.status_code == 201, filed.text
    assert filed.headers["Location"] == f"/v1/reports/{filed.json()['id']}"

    read = await intake["intake"].get(filed.headers["Location"], headers=officer)
    assert read.json()["description"] == NARRATIVE
    assert read.json()["status"] == "received"
    assert read.headers["Cache-Control"] == "no-store"
    assert read.headers["ETag"] == '"1"'
