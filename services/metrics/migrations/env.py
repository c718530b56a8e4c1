"""Alembic's entry for metrics."""

from vpr_metrics.tables import metadata
from vpr_service.migrating import run

run(metadata)
