"""Alembic's entrance. `callcenter.storage.migrate` opens the connection and hands it over."""

from alembic import context
from sqlalchemy import Connection

from callcenter.storage.tables import Row


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Row.metadata, render_as_batch=True)
    context.run_migrations()


run(context.config.attributes["connection"])
