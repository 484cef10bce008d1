"""Alembic migrations of the board's database, one file a revision."""
