"""Alembic's entry for triage."""

from vpr_service.migrating import run
from vpr_triage.tables import metadata

run(metadata)
