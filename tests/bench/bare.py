"""The yardstick: a bare FastAPI endpoint that parses the same body and stores nothing."""

from fastapi import FastAPI

from vpr_intake.schemas.filing import NewReport

app = FastAPI()


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """It answers."""
    return {"status": "ready"}


@app.post("/v1/reports", status_code=201)
async def file_report(new: NewReport) -> dict[str, str]:
    """Parse and answer."""
    return {"category": new.category}
