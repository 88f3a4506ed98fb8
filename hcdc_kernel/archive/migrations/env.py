"""Let Alembic work on the connection that the archive hands in."""

from alembic import context

from hcdc_kernel.archive.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a constraint in place
)
with context.begin_transaction():
    context.run_migrations()
