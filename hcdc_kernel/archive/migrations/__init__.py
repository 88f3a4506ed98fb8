"""Changes of the tables from one release to the next (Alembic)."""

HEAD = "0003"
"""The revision that this software works with; a test holds it against the scripts."""
