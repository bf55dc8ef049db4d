"""Words of a call, how far they have become notes, and what was kept secret.

Revision: 0002; 2026-11-25
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("notes_state", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("gaps", sa.Text(), server_default="[]", nullable=False))
    op.add_column("calls", sa.Column("secrets", sa.Text(), server_default="[]", nullable=False))
    op.create_index(op.f("ix_calls_notes_state_t0"), "calls", ["notes_state", "t0"], unique=False)
    op.create_table(
        "utterances",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("leg_id", sa.Text(), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_utterances_call_id_calls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", "id", name=op.f("pk_utterances")),
    )
    op.add_column("tickets", sa.Column("notes_edited", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    # until now every note was written by a person
    op.execute("UPDATE tickets SET notes_edited = true WHERE notes IS NOT NULL")


def downgrade() -> None:
    op.drop_column("tickets", "notes_edited")
    op.drop_table("utterances")
    op.drop_index(op.f("ix_calls_notes_state_t0"), table_name="calls")
    op.drop_column("calls", "secrets")
    op.drop_column("calls", "gaps")
    op.drop_column("calls", "notes_state")
