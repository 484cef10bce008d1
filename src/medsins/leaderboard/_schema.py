"""The tables of the board, one schema for SQLite and PostgreSQL. Migrations make them; a test compares the two.

Numbers of rows (jobs, flags, what was shown) are given out under the lock of ``board``, not by sequences, so that a
restored copy goes on exactly where the original was.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from ._types import Json, UtcTime, Words

REVISION = "0001"
"""The migration these tables are the result of."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

board = Table(
    "board",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("data_version", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Words, nullable=False),
)
"""One row: the data version and the head of the audit log. Every write locks it first."""

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("detail", Json, nullable=False),
    Column("previous", Words, nullable=False),
    Column("hash", Words, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("id", Words, primary_key=True),
    Column("title", Words, nullable=False),
    Column("active_from", UtcTime, nullable=False),
    Column("active_until", UtcTime),
    Column("tasks", Json, nullable=False),
    Column("notes", Words, nullable=False),
    Column("digest", Words, nullable=False),
    Column("rows", Integer, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("version", Words, ForeignKey("versions.id"), nullable=False),
    Column("first", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("version", "first"),
)
"""The instances of a version, some thousands in a compressed block; ``first`` is the row the block begins with."""

teams = Table(
    "teams",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False, unique=True),
    Column("contact", Words, nullable=False),
    Column("banned", Boolean, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Words, primary_key=True),
    Column("team", Words, ForeignKey("teams.id"), nullable=False, index=True),
    Column("scope", Words, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime),
    Column("revoked", Boolean, nullable=False),
    Column("secret_sha256", Words, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("id", Words, primary_key=True),
    Column("team", Words, ForeignKey("teams.id"), nullable=False),
    Column("card", Json, nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", Words, primary_key=True),
    Column("version", Words, ForeignKey("versions.id"), nullable=False, index=True),
    Column("model", Words, ForeignKey("models.id"), nullable=False, index=True),
    Column("team", Words, ForeignKey("teams.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("received", UtcTime, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("key", Words),
    Column("intake", Json, nullable=False),
    Column("claims", Json, nullable=False),
    Column("failure", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("ended", UtcTime),
    UniqueConstraint("team", "version", "attempt", name="uq_submissions_attempt"),
    UniqueConstraint("team", "key", name="uq_submissions_key"),
)
"""``state`` is that of the scoring, or withdrawn; ``hidden`` lies over it, so that restoring gives it back."""

answers = Table(
    "answers",
    metadata,
    Column("submission", Words, ForeignKey("submissions.id"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("submission", Words, ForeignKey("submissions.id"), nullable=False),
    Column("part", Words, nullable=False),
    Column("version_digest", Words, nullable=False),
    Column("metric_digest", Words, nullable=False),
    Column("document", Json, nullable=False),
    Column("samples", LargeBinary, nullable=False),
    Column("scored", UtcTime),
    PrimaryKeyConstraint("submission", "part"),
)

published = Table(
    "published",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Words, ForeignKey("versions.id"), nullable=False, index=True),
    Column("model", Words, ForeignKey("models.id"), nullable=False),
    Column("submission", Words, ForeignKey("submissions.id"), nullable=False, index=True),
    Column("part", Words, nullable=False),
    Column("document", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("note", Words, nullable=False),
)

flags = Table(
    "flags",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("submission", Words, ForeignKey("submissions.id"), nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("detail", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("settled", Words, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", Words, nullable=False),
    Column("submission", Words, ForeignKey("submissions.id"), nullable=False, index=True),
    Column("state", Words, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued", UtcTime, nullable=False),
    Column("leased_until", UtcTime),
    Column("progress", Float, nullable=False),
    Column("reason", Words, nullable=False),
    Index("ix_jobs_state", "state", "id"),
    Index(
        "uq_jobs_waiting",
        "submission",
        unique=True,
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)
"""States: waiting, leased, done, failed, cancelled. A submission has at most one that waits."""
