"""Is the benchmark clean, is the training set clean, is this score believable? Contamination, duplicates, labels,
identifiers. Every check gives a ``Section``; one report and one JSON show them all.
"""

from __future__ import annotations

from .document import Evidence, Finding, Section, Table, audit_document

__all__ = ["Evidence", "Finding", "Section", "Table", "audit_document"]
