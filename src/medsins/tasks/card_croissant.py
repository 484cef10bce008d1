"""Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html): a data set described for machines,
with the SHA-256 of every file and its access terms as ``usageInfo``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .card_facts import DataFile, Dataset, distinct
from .card_terms import licence_url, usage_info

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "annotation": "cr:annotation",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "duo": "http://purl.obolibrary.org/obo/DUO_",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "excludes": "cr:excludes",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "sdVersion": "cr:sdVersion",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "unArchive": "cr:unArchive",
    "value": "cr:value",
}

ARTICLE = "https://doi.org/10.1038/s41746-024-01390-4"


@dataclass(frozen=True, slots=True)
class Field:
    """One column. ``extract`` says where it is found (``column`` or ``jsonPath``); ``repeated``: it holds lists."""

    name: str
    description: str
    extract: dict[str, str]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class RecordSet:
    """A table: read from one file, or from all that ``includes`` matches."""

    id: str
    description: str
    fields: tuple[Field, ...]
    access: str
    file: str = ""
    includes: str = ""


def croissant(dataset: Dataset, files: Sequence[DataFile], records: Sequence[RecordSet]) -> dict[str, Any]:
    """The Croissant description as a JSON-LD document."""
    licences = dataset.licences or ("",)
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": dataset.name,
        "description": describe(dataset),
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "citeAs": ARTICLE,
        "creator": _creators(dataset),
        "datePublished": dataset.released.isoformat(),
        "inLanguage": list(distinct(text for task in dataset.tasks for text in (*task.card.input_language,)))
        or list(distinct(task.language for task in dataset.tasks)),
        "keywords": list(distinct(["medicine", "MedS-Ins", *(task.category for task in dataset.tasks)])),
        "license": [licence_url(licence) for licence in licences],
        "url": dataset.url or _source_url(dataset),
        "version": dataset.version,
        "usageInfo": usage_info(dataset.access, " ".join(licences)),
        "rai:personalSensitiveInformation": personal(dataset),
        "distribution": [*map(_file, files), *(_file_set(r, files[0].encoding) for r in records if r.includes)],
        "recordSet": [_record_set(record) for record in records],
    }
    if derived := distinct(text for task in dataset.tasks for text in task.card.source):
        document["isBasedOn"] = list(derived)
    return document


def describe(dataset: Dataset) -> str:
    """What the data set is, in one sentence."""
    tasks, instances = len(dataset.tasks), dataset.instances
    categories = ", ".join(distinct(task.category for task in dataset.tasks))
    noun = "task" if tasks == 1 else "tasks"
    return f"{tasks} clinical language {noun} with {instances:,} instances in the MedS-Ins format: {categories}."


def personal(dataset: Dataset) -> str:
    """What can be said about people in the data, from access terms and domains alone."""
    if dataset.access in ("credentialed", "private"):
        return "Derived from health records; de-identified by its source at best. Treat as personal health data."
    return "None known beyond what the open sources published; texts were not searched for identifiers."


def _creators(dataset: Dataset) -> list[dict[str, str]]:
    names = distinct(name for task in dataset.tasks for name in task.card.contributors) or ("unknown",)
    return [{"@type": "Person", "name": name} for name in names]


def _source_url(dataset: Dataset) -> str:
    links: Iterable[str] = (url for task in dataset.tasks for url in task.card.url)
    return next((url for url in links if url.startswith(("https://", "http://"))), ARTICLE)


def _file(file: DataFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": f"{file.size} B",
        "encodingFormat": file.encoding,
        "sha256": file.sha256,
        "usageInfo": usage_info(file.access),
    }


def _file_set(record: RecordSet, encoding: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{record.id}-files",
        "name": f"{record.id}-files",
        "encodingFormat": encoding,
        "includes": record.includes,
    }


def _record_set(record: RecordSet) -> dict[str, Any]:
    source = {"fileSet": {"@id": f"{record.id}-files"}} if record.includes else {"fileObject": {"@id": record.file}}
    return {
        "@type": "cr:RecordSet",
        "@id": record.id,
        "name": record.id,
        "description": record.description,
        "usageInfo": usage_info(record.access),
        "field": [_field(record.id, field, source) for field in record.fields],
    }


def _field(owner: str, field: Field, source: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{owner}/{field.name}",
        "name": field.name,
        "description": field.description,
        "dataType": "sc:Text",
        "source": {**source, "extract": field.extract},
    }
    if field.repeated:
        document |= {"isArray": True, "arrayShape": "-1"}
    return document
