"""When reports ended and were erased, their holds, annotations, and who filed as a clerk."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MOMENT = sa.DateTime(timezone=True)

ENDED = """
insert into dispositions (report_id, version, ended_at)
select r.id, 0, case when p.opened_at is null then r.withdrawn_at else p.closed_at end
from reports r left join progress p on p.report_id = r.id
where r.withdrawn_at is not null or p.opened_at is not null
"""
ERASED = """
insert into dispositions (report_id, version, erased_at, rule)
select correlation_id, 0, occurred_at, convert_from(body, 'UTF8')::jsonb ->> 'rule'
from events where type = 'report.personal_data_erased.v1'
on conflict (report_id) do update set erased_at = excluded.erased_at, rule = excluded.rule
"""
PLACED = """
insert into holds (id, report_id, placed_by, placed_at)
select (body ->> 'hold_id')::uuid, correlation_id, (body ->> 'placed_by')::uuid, occurred_at
from (select correlation_id, occurred_at, convert_from(body, 'UTF8')::jsonb as body
      from events where type = 'report.hold_placed.v1') placed
"""
LIFTED = """
update holds set lifted_by = (lifted.body ->> 'lifted_by')::uuid, lifted_at = lifted.occurred_at
from (select occurred_at, convert_from(body, 'UTF8')::jsonb as body
      from events where type = 'report.hold_lifted.v1') lifted
where holds.id = (lifted.body ->> 'hold_id')::uuid
"""


def upgrade() -> None:
    """Create the tables, and fill them with what is known already."""
    op.create_table(
        "dispositions",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("erased_at", MOMENT),
        sa.Column("rule", sa.Text),
    )
    op.create_index("dispositions_due", "dispositions", ["ended_at"], postgresql_where=sa.text("erased_at is null"))
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("placed_by", sa.Uuid, nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("lifted_by", sa.Uuid),
        sa.Column("lifted_at", MOMENT),
    )
    op.create_table(
        "annotations",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("concerns", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("annotated_by", sa.Uuid, nullable=False),
        sa.Column("by_client", sa.Boolean, nullable=False),
        sa.Column("annotated_at", MOMENT, nullable=False),
    )
    op.add_column("reports", sa.Column("filed_by", sa.Uuid))
    for statement in (ENDED, ERASED, PLACED, LIFTED):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.drop_column("reports", "filed_by")
    op.drop_table("annotations")
    op.drop_table("holds")
    op.drop_table("dispositions")
