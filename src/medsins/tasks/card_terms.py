"""Access terms and licences, for people and for machines.

Machine-readable conditions follow Croissant 1.1 (``usageInfo``): terms of the Data Use Ontology inside an ODRL offer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from medsins.catalog import CatalogCorpus, corpora

ORDER = ("open", "registration", "unknown", "credentialed", "private")  # from free to held back

SUMMARY = {
    "open": "may be fetched by anyone and used under the licence of its source",
    "registration": "its source asks every user to register and to accept its terms first",
    "unknown": "its access terms are not stated: ask its source before using it or passing it on",
    "credentialed": "only for people whom its source has trained and approved (for MIMIC: PhysioNet's training and "
    "data use agreement); not to be passed on, nor sent to anybody else's service such as a hosted model",
    "private": "stays inside its institution",
}
RESTRICTED = ("credentialed", "private")


@dataclass(frozen=True, slots=True)
class DuoTerm:
    """One term of the Data Use Ontology; ``code`` is its seven digits."""

    code: str
    name: str


NO_RESTRICTION = DuoTerm("0000004", "No restriction")
RESEARCH = DuoTerm("0000042", "General research use")
NON_COMMERCIAL = DuoTerm("0000046", "Non-commercial use only")
APPROVED_USERS = DuoTerm("0000026", "User specific restriction")
INSTITUTION = DuoTerm("0000028", "Institution specific restriction")

_CONSTRAINTS = {
    "open": (),
    "registration": (APPROVED_USERS,),
    "credentialed": (APPROVED_USERS,),
    "private": (INSTITUTION,),
}


@cache
def _corpora_by_task() -> dict[str, CatalogCorpus]:
    return {task: corpus for corpus in corpora().values() for task in (*corpus.on_request, *corpus.tasks)}


def corpus_of(task_id: str) -> CatalogCorpus | None:
    """The catalogued corpus that a task was made from; None where the catalogue does not say."""
    return _corpora_by_task().get(task_id)


def agreement(task_id: str) -> str:
    """Under what terms a task's corpus is given out, and where they are agreed to; empty where that is not known."""
    corpus = corpus_of(task_id)
    return f"{corpus.title}: {corpus.licence}, {corpus.agreement or corpus.url}" if corpus else ""


def strictest(*accesses: str) -> str:
    """The strictest of several access terms; ``unknown`` without any."""
    return max(accesses, key=ORDER.index, default="unknown")


def usage_info(access: str, licence: str = "") -> dict[str, Any]:
    """The ``usageInfo`` of a dataset or a part of it.

    Args:
        access: one of ``ORDER``. Nothing is claimed for ``unknown``, which is said in words only.
        licence: as the card has it; a non-commercial one becomes a constraint.
    """
    note = {"name": f"Access: {access}", "description": SUMMARY[access]}
    if access == "unknown":
        return {"@type": "CreativeWork", **note}
    constraints = [*_CONSTRAINTS[access], *([NON_COMMERCIAL] if is_non_commercial(licence) else [])]
    allowed = NO_RESTRICTION if access == "open" and not constraints else RESEARCH
    permission: dict[str, Any] = {
        "@type": "odrl:Permission",
        "odrl:action": {"@id": f"duo:{allowed.code}", "name": allowed.name},
    }
    if constraints:
        permission["odrl:constraint"] = [_constraint(term) for term in constraints]
    offer: dict[str, Any] = {"@type": ["CreativeWork", "odrl:Offer"], **note, "odrl:permission": permission}
    if access in RESTRICTED:
        offer["odrl:prohibition"] = {"@type": "odrl:Prohibition", "odrl:action": {"@id": "odrl:distribute"}}
    return offer


def _constraint(term: DuoTerm) -> dict[str, Any]:
    return {
        "@type": "odrl:Constraint",
        "name": term.name,
        "odrl:operator": {"@id": "odrl:eq"},
        "odrl:rightOperand": {"@id": f"duo:{term.code}"},
    }


def is_non_commercial(licence: str) -> bool:
    """Whether a licence forbids commercial use, as far as its name says."""
    return bool(re.search(r"\bnc\b|non-?commercial", licence.lower()))


# What cards call a licence, folded, to its SPDX identifier.
_SPDX = {
    "cc0": "CC0-1.0",
    "cc0 1.0": "CC0-1.0",
    "public domain": "CC0-1.0",
    "mit": "MIT",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "bsd 3 clause": "BSD-3-Clause",
    "odc by": "ODC-By-1.0",
    "gpl 3.0": "GPL-3.0-only",
}
_CREATIVE_COMMONS = re.compile(r"(?:cc|creative commons)[ -]?(by(?:[ -](?:nc|sa|nd))*)[ -]?v?(\d\.\d)?$")


def spdx(licence: str) -> str:
    """The SPDX identifier of a licence as people write it (``CC BY 4.0``, ``apache-2.0``); empty when not known."""
    folded = " ".join(re.sub(r"[_\-]+", " ", licence.lower()).replace("licence", "license").split())
    if found := _CREATIVE_COMMONS.match(folded):
        return f"CC-{found[1].upper().replace(' ', '-')}-{found[2] or '4.0'}"
    return _SPDX.get(folded, "")


def licence_url(licence: str) -> str:
    """The address of a licence's text; the licence as written when it is not known, ``unknown`` when there is none."""
    identifier = spdx(licence)
    return f"https://spdx.org/licenses/{identifier}.html" if identifier else licence or "unknown"
