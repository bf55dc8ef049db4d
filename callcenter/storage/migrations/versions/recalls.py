"""Obligations to call back, and who called whom in a call.

Revision: 0004; 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # until now every call was a citizen's
    op.add_column("calls", sa.Column("direction", sa.Text(), server_default="inbound", nullable=False))
    op.create_table(
        "recalls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recalls")),
    )
    op.create_index(op.f("ix_recalls_opened_id"), "recalls", ["opened", "id"], unique=False)
    op.create_index(op.f("ix_recalls_caller_opened"), "recalls", ["caller", "opened"], unique=False)
    op.create_index(
        "ix_recalls_open",
        "recalls",
        ["opened"],
        unique=False,
        sqlite_where=sa.text("closed IS NULL"),
        postgresql_where=sa.text("closed IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("recalls")
    op.drop_column("calls", "direction")
