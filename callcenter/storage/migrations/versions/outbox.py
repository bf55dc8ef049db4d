"""What is still to be told outside, how far each receiver has come, and what none took.

Revision: 0003; 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "position", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_node_time"), "outbox", ["node", "time"], unique=False)
    op.create_table(
        "outbox_readers",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("handed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "name", name=op.f("pk_outbox_readers")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("died", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "receiver", "position", name=op.f("pk_dead_letters")),
    )


def downgrade() -> None:
    op.drop_table("dead_letters")
    op.drop_table("outbox_readers")
    op.drop_index(op.f("ix_outbox_node_time"), table_name="outbox")
    op.drop_table("outbox")
