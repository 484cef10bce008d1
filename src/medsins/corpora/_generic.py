"""Corpora of a known shape, described by a short TOML file instead of code.

medsins corpora import genes.toml --raw genes -o tasks
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from medsins.catalog import categories

from ._base import BuildOptions, Corpus, OwnTask, Record
from ._build import BuildReport, Progress, build_module
from ._formats.mcqa import WORDINGS
from ._generic_shapes import READERS, Source
from ._generic_spec import Spec, read_spec
from ._raw import RawFile, RawFolder


def import_corpus(
    description: Path,
    raw_dir: Path,
    out_dir: Path,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Make the task file ``task_<name>.json`` of a corpus that a TOML file describes.

    Args:
        description: the TOML file.
        raw_dir: the folder of the corpus's files.
        out_dir: where the task file, its provenance and its dropped records go.
        options: split, seed, spelling of the empty NER answer.
        progress: called now and then with the number of records read.

    Raises:
        UsageError: no such description or folder.
        InvalidFile: the description is wrong (every problem of it), or a file does not fit it.
    """
    return build_module(described_module(read_spec(description)), raw_dir, out_dir, options, progress)


def described_module(spec: Spec) -> ModuleType:
    """What a corpus module has, made from a description: ``CORPUS`` and ``read``."""
    module = ModuleType(spec.name)
    module.__file__ = str(spec.path)  # a changed description is another converter

    def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
        return _read(spec, raw, options)

    vars(module).update(CORPUS=_corpus(spec), read=read)
    return module


def _corpus(spec: Spec) -> Corpus:
    title, language = spec.text("title", spec.name), spec.text("language", "English")
    own = OwnTask(
        category=spec.category,
        definition=spec.text("definition", categories()[spec.category].instruction),
        domain=spec.text("domain"),
        input_language=language,
        output_language=spec.text("output_language", language),
    )
    notes = []
    if spec.shape == "mcqa" and language not in WORDINGS:
        notes.append(f"questions in {language} are worded as the English ones are")
    return Corpus(
        name=spec.name,
        title=title,
        url=spec.text("url"),
        licence=spec.text("licence", "none stated"),
        access=spec.text("access"),
        agreement=spec.text("agreement"),
        may_leave=spec.text("access") not in ("credentialed", "private"),
        languages=(language,),
        release=f"in the shape '{spec.shape}' that {spec.path.name} describes",
        files=tuple(pattern for patterns in spec.files.values() for pattern in patterns),
        how_to_get=f"mend {spec.path.name}, or name the folder that holds the files it lists",
        tasks=(f"task_{spec.name}",),
        own_tasks={f"task_{spec.name}": own},
        verified="format only",
        inferred=tuple(notes),
    )


def _read(spec: Spec, raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """The records of all wanted files, split by split in the order of the description."""
    source = Source(spec, raw, options)
    for split, file in _files(spec, raw, options):
        yield from READERS[spec.shape](source, file, split)
    unseen = [kind for kind in spec.texts("entities") if kind not in source.kinds]
    if unseen:
        kinds = ", ".join(f"{kind} ({count:,})" for kind, count in source.kinds.most_common()) or "none"
        raw.notes.append(f"no entity of the kinds {', '.join(unseen)}; kinds found: {kinds}")
    if source.crossing:
        raw.notes.append(f'{source.crossing:,} entities cross the end of a line and are left out: unit = "document"')


def _files(spec: Spec, raw: RawFolder, options: BuildOptions) -> Iterator[tuple[str, RawFile]]:
    for split, patterns in spec.files.items():
        if split and not options.wants_split(split):
            continue
        for pattern in patterns:
            for file in raw.files(pattern.removesuffix(".ann") + ".txt" if pattern.endswith(".ann") else pattern):
                yield split, file
