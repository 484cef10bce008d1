"""Types of options that name what is written: a wrong place is wrong usage, told before any work is done."""

from __future__ import annotations

import argparse
import re
from pathlib import Path


def output_file(text: str) -> Path:
    """A file that may be written: no folder, and nothing above it is a file."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder: give the name of a file")
    _check_above(path)
    return path


def output_folder(text: str) -> Path:
    """A folder that is there or may be made."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a file: give the name of a folder")
    _check_above(path)
    return path


def _check_above(path: Path) -> None:
    for above in path.parents:
        if above.exists() and not above.is_dir():
            raise argparse.ArgumentTypeError(f"{path} cannot be made: {above} is a file, not a folder")


def release(text: str) -> str:
    """A version as data sets carry it, MAJOR.MINOR.PATCH."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no version: write it as 1.0.0")
    return text
