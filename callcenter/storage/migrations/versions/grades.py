"""Grades that callers give after the talk.

Revision: 0007; 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("grade_asked", sa.BigInteger(), nullable=True))
    op.add_column("calls", sa.Column("grade", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("calls", "grade")
    op.drop_column("calls", "grade_asked")
