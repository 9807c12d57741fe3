"""The service: who leads, which turns were worked. Sources: pulls that wait for a person, fields that are filled."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
INSTANT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    op.create_table(
        "leader",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leader")),
    )
    op.create_table(
        "slot",
        sa.Column("job", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("next_try_at", INSTANT, nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("message", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("job", "key", name=op.f("pk_slot")),
    )
    op.create_index(op.f("ix_slot_began_at"), "slot", ["began_at"])
    with op.batch_alter_table("edition") as batch_op:
        batch_op.add_column(sa.Column("partial", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("watermark", TEXT, nullable=True))
        batch_op.add_column(sa.Column("fields", sa.JSON(), nullable=True))
    with op.batch_alter_table("edition") as batch_op:
        batch_op.alter_column("partial", existing_type=sa.Boolean(), server_default=None)
    op.create_table(
        "held_pull",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("etag", TEXT, nullable=True),
        sa.Column("last_modified", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("actor", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_held_pull_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_pull")),
    )
    op.create_index(op.f("ix_held_pull_source"), "held_pull", ["source"])
    op.create_table(
        "held_payload",
        sa.Column("held_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("location", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["held_id"], ["held_pull.id"], name=op.f("fk_held_payload_held_id")),
        sa.ForeignKeyConstraint(["sha256"], ["payload.sha256"], name=op.f("fk_held_payload_sha256")),
        sa.PrimaryKeyConstraint("held_id", "page", name=op.f("pk_held_payload")),
    )


def downgrade() -> None:
    op.drop_table("held_payload")
    op.drop_index(op.f("ix_held_pull_source"), table_name="held_pull")
    op.drop_table("held_pull")
    with op.batch_alter_table("edition") as batch_op:
        for name in ("fields", "watermark", "partial"):
            batch_op.drop_column(name)
    op.drop_index(op.f("ix_slot_began_at"), table_name="slot")
    op.drop_table("slot")
    op.drop_table("leader")
