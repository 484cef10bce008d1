"""Scoring: text in, numbers out. Profile ``official`` gives the published numbers to the last bit, ``strict`` ours."""

from __future__ import annotations

from ._types import Row, TaskSpec

PROFILES = ("official", "strict")

__all__ = ["PROFILES", "Row", "TaskSpec"]
