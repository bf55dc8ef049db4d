"""Entries of one kind are found by their time: figures of a day need not look at a journal of years.

Revision: 0006; 2026-11-29
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_journal_kind_time"), "journal", ["kind", "time"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_journal_kind_time"), table_name="journal")
