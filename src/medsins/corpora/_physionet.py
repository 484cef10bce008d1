"""Terms that the credentialed projects of PhysioNet share."""

from __future__ import annotations

LICENCE = "PhysioNet Credentialed Health Data License 1.5.0"
# General research use, by the users who signed only.
DUO = ("DUO:0000042", "DUO:0000026")


def agreement(project: str, version: str) -> str:
    """Where the data use agreement of a project is shown and signed."""
    return f"https://physionet.org/sign-dua/{project}/{version}/"


def how_to_get(project: str, version: str, files: str) -> str:
    """How a licensee obtains files of a project."""
    page = f"https://physionet.org/content/{project}/{version}/"
    return f"become a credentialed user of PhysioNet, sign the agreement and download {files} from {page}"
