"""The first tables: journal, its projections, units and tickets.

Revision: 0001; 2026-11-24
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("first_call", sa.BigInteger(), nullable=False),
        sa.Column("last_call", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_callers")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("t0", sa.BigInteger(), nullable=False),
        sa.Column("t1", sa.BigInteger(), nullable=True),
        sa.Column("t2", sa.BigInteger(), nullable=True),
        sa.Column("t3", sa.BigInteger(), nullable=True),
        sa.Column("t4", sa.BigInteger(), nullable=True),
        sa.Column("t5", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("digits", sa.Text(), nullable=False),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("recording_path", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index(op.f("ix_calls_caller_t0"), "calls", ["caller", "t0"], unique=False)
    op.create_index(
        "ix_calls_live",
        "calls",
        ["t0"],
        unique=False,
        sqlite_where=sa.text("t5 IS NULL"),
        postgresql_where=sa.text("t5 IS NULL"),
    )
    op.create_index(op.f("ix_calls_seat_t0"), "calls", ["seat", "t0"], unique=False)
    op.create_index(op.f("ix_calls_t0_id"), "calls", ["t0", "id"], unique=False)
    op.create_index(
        "ix_calls_ticket_due",
        "calls",
        ["t0"],
        unique=False,
        sqlite_where=sa.text("t4 IS NOT NULL AND ticket_id IS NULL"),
        postgresql_where=sa.text("t4 IS NOT NULL AND ticket_id IS NULL"),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_call_id_seq"), "journal", ["call_id", "seq"], unique=False)
    op.create_index(op.f("ix_journal_kind_seq"), "journal", ["kind", "seq"], unique=False)
    op.create_table(
        "seats",
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("idle_since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("extension", name=op.f("pk_seats")),
    )
    op.create_table(
        "ticket_days",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ticket_days")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("caller_name", sa.Text(), nullable=True),
        sa.Column("caller_phone", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("matter", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Text(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("filed", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index(op.f("ix_tickets_caller_phone_created"), "tickets", ["caller_phone", "created"], unique=False)
    op.create_index(op.f("ix_tickets_created_id"), "tickets", ["created", "id"], unique=False)
    op.create_index(op.f("ix_tickets_due"), "tickets", ["due"], unique=False)
    op.create_index(op.f("ix_tickets_state_created"), "tickets", ["state", "created"], unique=False)
    op.create_index(op.f("ix_tickets_unit_created"), "tickets", ["unit", "created"], unique=False)
    op.create_table(
        "units",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    op.create_table(
        "legs",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=True),
        sa.Column("joined", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_legs_call_id_calls"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_legs")),
    )
    op.create_index(op.f("ix_legs_party_started"), "legs", ["party", "started"], unique=False)
    op.create_table(
        "recordings",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_recordings_call_id_calls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_recordings")),
    )
    op.create_index(op.f("ix_recordings_state"), "recordings", ["state"], unique=False)
    op.create_table(
        "ticket_calls",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("drafted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_calls_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", "position", name=op.f("pk_ticket_calls")),
    )
    op.create_index(op.f("ix_ticket_calls_call_id"), "ticket_calls", ["call_id"], unique=False)
    op.create_index(
        "uq_ticket_calls_drafted",
        "ticket_calls",
        ["call_id"],
        unique=True,
        sqlite_where=sa.text("drafted"),
        postgresql_where=sa.text("drafted"),
    )
    op.create_table(
        "ticket_trace",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_trace_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_ticket_trace")),
    )


def downgrade() -> None:
    op.drop_table("ticket_trace")
    op.drop_index(
        "uq_ticket_calls_drafted",
        table_name="ticket_calls",
        sqlite_where=sa.text("drafted"),
        postgresql_where=sa.text("drafted"),
    )
    op.drop_index(op.f("ix_ticket_calls_call_id"), table_name="ticket_calls")
    op.drop_table("ticket_calls")
    op.drop_index(op.f("ix_recordings_state"), table_name="recordings")
    op.drop_table("recordings")
    op.drop_index(op.f("ix_legs_party_started"), table_name="legs")
    op.drop_table("legs")
    op.drop_table("units")
    op.drop_index(op.f("ix_tickets_unit_created"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_state_created"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_due"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_created_id"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_caller_phone_created"), table_name="tickets")
    op.drop_table("tickets")
    op.drop_table("ticket_days")
    op.drop_table("seats")
    op.drop_index(op.f("ix_journal_kind_seq"), table_name="journal")
    op.drop_index(op.f("ix_journal_call_id_seq"), table_name="journal")
    op.drop_table("journal")
    op.drop_index(
        "ix_calls_ticket_due",
        table_name="calls",
        sqlite_where=sa.text("t4 IS NOT NULL AND ticket_id IS NULL"),
        postgresql_where=sa.text("t4 IS NOT NULL AND ticket_id IS NULL"),
    )
    op.drop_index(op.f("ix_calls_t0_id"), table_name="calls")
    op.drop_index(op.f("ix_calls_seat_t0"), table_name="calls")
    op.drop_index(
        "ix_calls_live", table_name="calls", sqlite_where=sa.text("t5 IS NULL"), postgresql_where=sa.text("t5 IS NULL")
    )
    op.drop_index(op.f("ix_calls_caller_t0"), table_name="calls")
    op.drop_table("calls")
    op.drop_table("callers")
