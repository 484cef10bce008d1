"""What a score hides: all sections of one run."""

from __future__ import annotations

from dataclasses import replace

from .document import Section
from .run_answers import RunFacts
from .run_calibration import calibration_section
from .run_limits import limits_section
from .run_profiles import profiles_section
from .run_shortcuts import shortcuts_section
from .run_slices import slices_section
from .run_unscored import unscored_section
from .shots import shots_section

SECTIONS = (
    unscored_section,
    limits_section,
    shots_section,
    shortcuts_section,
    slices_section,
    calibration_section,
    profiles_section,
)


def audit_run(run: RunFacts, named: bool = False) -> list[Section]:
    """The sections of a run. ``named`` puts the run's name before their titles, for when there are several runs."""
    sections = [make(run) for make in SECTIONS]
    about = {"signature": run.signature, **run.settings}
    return [
        replace(
            section,
            title=f"{run.name}: {section.title}" if named else section.title,
            settings={**section.settings, **about},
        )
        for section in sections
    ]
