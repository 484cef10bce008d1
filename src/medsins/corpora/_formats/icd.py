"""ICD-10-CM and ICD-10-PCS code tables: files of CMS and CDC, and the crawled JSON that the published converter reads.

An order file has fixed columns: number 1-5, code 7-13, valid for billing 15, short description 17-76, long description
from 78 on. A codes file has the code in columns 1-7 and the long description after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medsins.corpora._raw import RawFile, RawFolder

CRAWLED = ("crawl_ICD_final*.json", "crawl_ICD_PCS*.json")
DIAGNOSES = ("icd10cm[-_]order[-_]*.txt", "icd10cm[-_]codes[-_]*.txt")
PROCEDURES = ("icd10pcs[-_]order[-_]*.txt", "icd10pcs[-_]codes[-_]*.txt")
PATTERNS = (*CRAWLED, *DIAGNOSES, *PROCEDURES)


def code_table(raw: RawFolder) -> dict[str, str]:
    """Description by code without its dot, diagnoses first, then procedures; crawled files go before official ones.

    Raises:
        InvalidFile: there is no table, or several releases of one.
    """
    crawled = [_only(raw, pattern) for pattern in CRAWLED]
    if any(crawled):
        tables = [_crawled(file, all_leaves=pcs) for file, pcs in zip(crawled, (False, True), strict=True) if file]
    else:
        files = [_first(raw, DIAGNOSES), _first(raw, PROCEDURES)]
        tables = [_fixed_columns(file) for file in files if file]
    if not tables:
        raw.file(*PATTERNS)
    return {code: text for table in tables for code, text in table.items()}


def _first(raw: RawFolder, patterns: tuple[str, ...]) -> RawFile | None:
    return next((file for file in (_only(raw, pattern) for pattern in patterns) if file), None)


def _only(raw: RawFolder, pattern: str) -> RawFile | None:
    found = [file for file in raw.glob(pattern) if "addenda" not in file.place.lower()]
    if len(found) > 1:
        names = ", ".join(file.place for file in found)
        found[0].invalid(f"is one of several releases ({names}): keep the one that is wanted in the folder")
    return found[0] if found else None


def _fixed_columns(file: RawFile) -> dict[str, str]:
    """Code to long description, in the order of the file."""
    order = "order" in file.place.rpartition("/")[2].lower()
    table: dict[str, str] = {}
    for number, line in file.lines():
        if not line.strip():
            continue
        code, text = (line[6:13].strip(), line[77:].strip()) if order else (line[:7].strip(), line[7:].strip())
        if not code.isalnum() or not text:
            file.invalid("has no code and description in the fixed columns", f"line {number}")
        table[code] = text
    return table


def _crawled(file: RawFile, all_leaves: bool) -> dict[str, str]:
    """Nested objects by code. The last text leaf of an object describes its key: ``description`` alone, or any."""
    table: dict[str, str] = {}
    _collect(_object(file, file.json()), "", all_leaves, table)
    return table


def _object(file: RawFile, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        file.invalid(f"must be an object of codes, found {type(value).__name__}")
    return value


def _collect(node: Mapping[str, Any], code: str, all_leaves: bool, table: dict[str, str]) -> None:
    for key, value in node.items():
        if isinstance(value, dict):
            _collect(value, key, all_leaves, table)
        elif isinstance(value, str) and (key == "description" or all_leaves):
            table[code.replace(".", "")] = value
