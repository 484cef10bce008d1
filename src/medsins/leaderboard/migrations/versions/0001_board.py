"""The first tables, and the triggers that make the audit log append-only."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_TYPES = {
    "sqlite": {"time": "DATETIME", "blob": "BLOB", "real": "FLOAT"},
    "postgresql": {"time": "TIMESTAMP WITH TIME ZONE", "blob": "BYTEA", "real": "DOUBLE PRECISION"},
}
_GUARDS = {
    "sqlite": (
        "CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
        "CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
        "CREATE TRIGGER audit_insert BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq >= NEW.seq) "
        "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit is append-only'; END $$",
        "CREATE TRIGGER audit_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
    ),
}


def upgrade() -> None:
    """Make everything."""
    database = op.get_bind().dialect.name
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").format(**_TYPES[database])
    for statement in (*script.split(";\n"), *_GUARDS[database]):
        if statement.strip():
            op.execute(statement)
