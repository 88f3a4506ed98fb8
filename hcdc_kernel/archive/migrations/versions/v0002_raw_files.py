"""Raw files, and which products list them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "raw_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("night", sa.Text(), nullable=False),
        sa.Column("start_mjd", sa.Double(), nullable=True),
        sa.Column("dit_s", sa.Double(), nullable=True),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("coronagraph", sa.Text(), nullable=False),
        sa.Column("n_planes", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_files")),
        sa.UniqueConstraint("content", name=op.f("uq_raw_files_content")),
    )
    op.create_index("ix_raw_files_camera_night", "raw_files", ["camera", "night"])
    op.create_index("ix_raw_files_kind_night", "raw_files", ["kind", "night"])
    for column in ("name", "target", "night"):
        op.create_index(op.f(f"ix_raw_files_{column}"), "raw_files", [column])
    op.create_table(
        "product_files",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["raw_files.id"], name=op.f("fk_product_files_file_id_raw_files")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_files_product_id_products")
        ),
        sa.PrimaryKeyConstraint("product_id", "file_id", name=op.f("pk_product_files")),
    )
    op.create_index(op.f("ix_product_files_file_id"), "product_files", ["file_id"])


def downgrade() -> None:
    # Indexes go with their tables.
    op.drop_table("product_files")
    op.drop_table("raw_files")
