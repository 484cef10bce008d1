"""What a corpus module is made of: the facts about its source, the folder of raw files, and the records it yields.

A module ``corpora/<name>.py`` has ``CORPUS`` (a ``Corpus``) and ``read(raw, options) -> Iterator[Record]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from medsins.core import Instance

Verified = Literal["real data", "published samples", "format only"]
EmptyAnswer = Literal["released", "converter"]

# The released task files misspell the answer to a sentence without entity, and the published scorer compares with that
# spelling; the published converter spells it right.
NO_ENTITY: Mapping[str, str] = {
    "released": "There is no related enetity.",
    "converter": "There is no related entity.",
}

SPLITS = ("train", "validation", "test")
_SPLIT_NAMES = {"dev": "validation", "devel": "validation", "val": "validation", "valid": "validation"}


@dataclass(frozen=True, slots=True)
class OwnTask:
    """The card of a task that the catalogue does not have (``task_<corpus>``): MedS-Ins category, our instruction,
    text domain. Languages are English names; empty means the corpus's first language.
    """

    category: str
    definition: str
    domain: str
    input_language: str = ""
    output_language: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """All facts about one source corpus.

    Attributes:
        name: the module's name. ``title`` is the corpus's own name, ``known_as`` the article's names for it.
        access: ``open``, ``registration`` or ``credentialed``; ``agreement`` is the URL of what has to be signed.
        duo: terms of the Data Use Ontology, for example ``DUO:0000042``.
        may_leave: whether the text may be sent to other machines than the licensee's own.
        release: which release or version the reader expects; ``files`` the patterns it looks for in the raw folder.
        tasks: ids that a build writes; ``on_request`` those written only when named with ``--task``.
        own_tasks: cards of tasks that are not in the catalogue.
        sizes: instances in the whole release, by task id, or by ``<task id>:<split>``.
        settings: choices a user has, each with its values, the default first.
        verified: what the conversion was compared with; ``task_verified`` says it where a task differs.
        inferred: what no source on hand states, one sentence each; shown in the documentation.
    """

    name: str
    title: str
    url: str
    licence: str
    access: str
    release: str
    files: tuple[str, ...]
    how_to_get: str
    tasks: tuple[str, ...]
    verified: Verified
    known_as: tuple[str, ...] = ()
    agreement: str = ""
    duo: tuple[str, ...] = ()
    may_leave: bool = True
    languages: tuple[str, ...] = ("English",)
    on_request: tuple[str, ...] = ()
    own_tasks: Mapping[str, OwnTask] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    task_verified: Mapping[str, Verified] = field(default_factory=dict)
    inferred: tuple[str, ...] = ()

    @property
    def all_tasks(self) -> tuple[str, ...]:
        """Every task id that the reader can make."""
        return (*self.tasks, *self.on_request)


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a user may choose for a build.

    ``split``: ``all``, or one of ``SPLITS``. ``seed`` is that of the 9:1 split and of whatever a reader samples.
    ``empty_answer``: how an NER answer without entity is spelt, as in the released files (``enetity``, sic) or as the
    published converter writes it. ``tasks``: ids to make; empty means the corpus's own list.
    """

    seed: int = 0
    split: str = "all"
    empty_answer: EmptyAnswer = "released"
    tasks: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def no_entity(self) -> str:
        """The answer to a sentence without entity, as ``empty_answer`` spells it."""
        return NO_ENTITY[self.empty_answer]

    def wants(self, task_id: str) -> bool:
        """Whether records of this task are of use; readers may skip work where not."""
        return not self.tasks or task_id in self.tasks

    def wants_split(self, split: str) -> bool:
        """Whether records of this published split are of use; readers may skip whole files where not."""
        return self.split == "all" or self.split == canonical_split(split)

    def setting(self, corpus: Corpus, name: str) -> str:
        """The chosen value of one of the corpus's settings, else its default."""
        return self.settings.get(name, corpus.settings[name][0])


@dataclass(frozen=True, slots=True)
class Record:
    """One raw record, converted or dropped.

    ``split`` is the published split (``train``, ``validation``, ``test``), empty where the corpus has none. ``place``
    says where in the raw files it stands (file and line or record id). An instance with an empty id gets one from the
    builder. ``dropped`` is the reason where there is no instance.
    """

    task_id: str
    split: str = ""
    instance: Instance | None = None
    dropped: str = ""
    place: str = ""


def made(
    task_id: str, text: str, output: str | tuple[str, ...] | None, *, split: str = "", place: str = "", id: str = ""
) -> Record:
    """A converted record; ``output`` is one reference, several accepted ones, or None where the source has none."""
    outputs = () if output is None else (output,) if isinstance(output, str) else output
    return Record(task_id, split, Instance(id=id, input=text, outputs=outputs, listed=True), place=place)


def dropped(task_id: str, reason: str, *, split: str = "", place: str = "") -> Record:
    """A record that gives no instance, with the reason."""
    return Record(task_id, split, dropped=reason, place=place)


def canonical_split(name: str) -> str:
    """``train``, ``validation`` or ``test`` for the names that corpora use; other names stay as they are."""
    return _SPLIT_NAMES.get(name.lower(), name.lower())
