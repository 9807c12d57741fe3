"""The alert loop: who did what about a warning, silences, letters of other channels."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from monitor import audit

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
INSTANT = sqlmodel.sql.sqltypes.UTCDateTime()

SLOT = ["rule", "subject", "subject_id"]


def _added() -> list[sa.Column[object]]:
    """What a warning knows from now on."""
    return [
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("acknowledged_by", TEXT, nullable=True),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("reported_by", TEXT, nullable=True),
        sa.Column("acted_on", sa.Date(), nullable=True),
        sa.Column("assignee", TEXT, nullable=True),
        sa.Column("escalated", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("held", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("previous", sa.BigInteger(), nullable=True),
        sa.Column("told", TEXT, nullable=True),
        sa.Column("documents", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("turn", sa.Integer(), nullable=False, server_default="0"),
    ]


def _open_while(column: str) -> None:
    """At most one warning of a rule and subject while `column` is empty."""
    where = sa.text(f"{column} IS NULL")
    op.create_index("uq_alert_open", "alert", SLOT, unique=True, sqlite_where=where, postgresql_where=where)


def _chain() -> None:
    """Link what happened so far: from here on nobody can alter it unnoticed."""
    db = op.get_bind()
    event = sa.table(
        "alert_event", sa.column("id"), sa.column("alert_id"), sa.column("run_id"), sa.column("happened_on", sa.Date()),
        sa.column("happened_at", INSTANT), sa.column("kind"), sa.column("before"), sa.column("after"), sa.column("actor"),
        sa.column("reason"), sa.column("state"), sa.column("detail", sa.JSON()), sa.column("previous_hash"), sa.column("hash"),
    )  # fmt: skip
    head, links = audit.START, []
    for row in db.execute(sa.select(event).order_by(event.c.id)).mappings():
        links.append({"row_id": row["id"], "before_it": head, "its_own": audit.link(head, dict(row))})
        head = links[-1]["its_own"]
    if links:
        change = event.update().where(event.c.id == sa.bindparam("row_id"))
        db.execute(change.values(previous_hash=sa.bindparam("before_it"), hash=sa.bindparam("its_own")), links)


def _only_added() -> None:
    """Events are never changed and never deleted. A later migration that rebuilds the table must say this again."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger alert_event_no_{verb} before {verb} on alert_event "
                "begin select raise(abort, 'what happened to a warning is only added to'); end"
            )
        return
    op.execute(
        "create function only_added() returns trigger language plpgsql as "
        "$$ begin raise exception 'what happened to a warning is only added to'; end $$"
    )
    op.execute(
        "create trigger alert_event_only_added before update or delete on alert_event "
        "for each row execute function only_added()"
    )
    op.execute(
        "create trigger alert_event_not_emptied before truncate on alert_event "
        "for each statement execute function only_added()"
    )


def _may_change() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"drop trigger alert_event_no_{verb}")
        return
    op.execute("drop trigger alert_event_only_added on alert_event")
    op.execute("drop trigger alert_event_not_emptied on alert_event")
    op.execute("drop function only_added()")


def upgrade() -> None:
    op.drop_index("uq_alert_open", table_name="alert")
    with op.batch_alter_table("alert") as batch_op:
        for column in _added():
            batch_op.add_column(column)
        batch_op.add_column(sa.Column("armed_on", sa.Date(), nullable=True))
        batch_op.alter_column("run_id", existing_type=sa.BigInteger(), nullable=True)
    # Until now a closed warning let the next one open at once, and every level was told of as it came.
    # Nobody could take up a warning before: time limits run from the last scan, not from years ago.
    last_scan = "select max(as_of) from run where kind = 'scan' and state <> 'failed'"
    op.execute(
        "update alert set released_on = closed_on, told = level, documents = 1, "
        f"armed_on = coalesce(({last_scan}), level_since)"
    )
    with op.batch_alter_table("alert") as batch_op:
        batch_op.alter_column("armed_on", existing_type=sa.Date(), nullable=False)
        for name in ("escalated", "documents", "turn"):
            batch_op.alter_column(name, existing_type=sa.Integer(), server_default=None)
        batch_op.create_foreign_key(op.f("fk_alert_previous"), "alert", ["previous"], ["id"])
    _open_while("released_on")
    op.create_index(op.f("ix_alert_subject_subject_id"), "alert", ["subject", "subject_id"])
    op.create_index(op.f("ix_alert_event_happened_on"), "alert_event", ["happened_on"])
    with op.batch_alter_table("alert_event") as batch_op:
        batch_op.add_column(sa.Column("happened_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("state", TEXT, nullable=True))
        batch_op.add_column(sa.Column("detail", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("previous_hash", TEXT, nullable=True))
        batch_op.add_column(sa.Column("hash", TEXT, nullable=True))
    _chain()
    with op.batch_alter_table("alert_event") as batch_op:
        batch_op.alter_column("detail", existing_type=sa.JSON(), server_default=None)
        batch_op.alter_column("previous_hash", existing_type=TEXT, nullable=False)
        batch_op.alter_column("hash", existing_type=TEXT, nullable=False)
        batch_op.create_unique_constraint(op.f("uq_alert_event_previous_hash"), ["previous_hash"])
    _only_added()
    with op.batch_alter_table("letter") as batch_op:
        batch_op.add_column(sa.Column("channel", TEXT, nullable=False, server_default="mail"))
        batch_op.add_column(sa.Column("not_before", INSTANT, nullable=True))
        batch_op.alter_column("run_id", existing_type=sa.BigInteger(), nullable=True)
    with op.batch_alter_table("letter") as batch_op:
        batch_op.alter_column("channel", existing_type=TEXT, server_default=None)
    op.create_table(
        "silence",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("contract_id", TEXT, nullable=True),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )


def downgrade() -> None:
    op.drop_table("silence")
    with op.batch_alter_table("letter") as batch_op:
        batch_op.drop_column("not_before")
        batch_op.drop_column("channel")
    _may_change()
    op.drop_index(op.f("ix_alert_event_happened_on"), table_name="alert_event")
    op.drop_index(op.f("ix_alert_subject_subject_id"), table_name="alert")
    with op.batch_alter_table("alert_event") as batch_op:
        batch_op.drop_constraint(op.f("uq_alert_event_previous_hash"), type_="unique")
        for name in ("hash", "previous_hash", "detail", "state", "happened_at"):
            batch_op.drop_column(name)
    op.drop_index("uq_alert_open", table_name="alert")
    with op.batch_alter_table("alert") as batch_op:
        batch_op.drop_constraint(op.f("fk_alert_previous"), type_="foreignkey")
        batch_op.drop_column("armed_on")
        for column in reversed(_added()):
            batch_op.drop_column(column.name)
    _open_while("closed_on")
