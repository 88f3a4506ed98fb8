"""Products whose bytes were let go, and what each run keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was there before has kept everything.
    op.add_column(
        "products",
        sa.Column("dropped", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "runs", sa.Column("keep", sa.String(length=8), nullable=False, server_default="all")
    )


def downgrade() -> None:
    op.drop_column("runs", "keep")
    op.drop_column("products", "dropped")
