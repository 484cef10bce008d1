"""What groups of equal inputs come to: by task, by pair of tasks and by pair of splits, with a few examples of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ._files import TaskFile
from ._groups import Group, Member

_EACH, _MOST = 3, 60  # examples of a task and kind, and of all
_KINDS = ("contradiction", "split", "key", "repeat", "across")
_WIDE = 64  # files that share one input, up to which each pair is counted
_SIDES = (("test", "train"), ("validation", "train"), ("test", "validation"))


@dataclass(slots=True)
class TaskCount:
    """One file. ``exact`` and ``folded`` instances repeat an earlier one to the letter, or but for case, punctuation
    and blanks; ``short`` inputs have few words; ``contradictions`` inputs have different labels, on ``contradicting``
    instances; ``several_answers``
    inputs have different free texts.
    """

    file: TaskFile
    category: str = ""
    definition: tuple[str, ...] = ()
    instances: int = 0
    short: int = 0
    exact: int = 0
    folded: int = 0
    contradictions: int = 0
    contradicting: int = 0
    several_answers: int = 0

    @property
    def terse(self) -> bool:
        """Whether short inputs are the rule, so that two of them are not the same by chance."""
        return 2 * self.short >= self.instances

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        names = ("instances", "exact", "folded", "contradictions", "contradicting", "several_answers")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class PairCount:
    """Two files that share ``inputs``, which are so many instances of either."""

    inputs: int = 0
    in_first: int = 0
    in_second: int = 0
    same_answer: int = 0
    contradictions: int = 0


@dataclass(slots=True)
class SplitCount:
    """Instances of a split whose input another split has too; those that are no headings or other short texts, which
    are the same by chance; and those whose answer is there too.
    """

    shared: int = 0
    telling: int = 0
    same_answer: int = 0


@dataclass(slots=True)
class Counts:
    """All counts; ``splits`` has (task id, split, other split), and so has ``keyed`` for instances with the same value
    of a further key.
    """

    files: Sequence[TaskFile]
    tasks: list[TaskCount] = field(init=False)
    pairs: dict[tuple[int, int], PairCount] = field(default_factory=lambda: defaultdict(PairCount))
    splits: dict[tuple[str, str, str], SplitCount] = field(default_factory=dict)
    keyed: dict[tuple[str, str, str], SplitCount] = field(default_factory=dict)
    split_sizes: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _examples: dict[tuple[str, int], list[tuple[Member, Member]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.tasks = [TaskCount(file) for file in self.files]

    @property
    def instances(self) -> int:
        """Of all files."""
        return sum(task.instances for task in self.tasks)

    def take(self, file: int, splits: Sequence[str], short: int) -> None:
        """Count the instances of a batch, their splits, and those whose input is short."""
        self.tasks[file].short += short
        self.tasks[file].instances += len(splits)
        for split in set(splits) - {""}:
            self.split_sizes[self.files[file].task_id, split] += splits.count(split)

    def add(self, group: Group) -> None:
        """Count one group."""
        by_file: dict[int, list[Member]] = defaultdict(list)
        by_task: dict[str, list[Member]] = defaultdict(list)
        for member in group.members:
            by_file[member.file].append(member)
            by_task[self.files[member.file].task_id].append(member)
        for members in by_file.values():
            self._within(members)
        for task_id, members in by_task.items():
            self._across_splits(task_id, members)
        if 1 < len(by_file) <= _WIDE:
            for (_, first), (_, second) in combinations(sorted(by_file.items()), 2):
                self._across(first, second)

    def _within(self, members: Sequence[Member]) -> None:
        task = self.tasks[members[0].file]
        spellings = len({member.exact for member in members})
        task.exact += len(members) - spellings
        task.folded += spellings - 1
        if len(members) > 1:
            self._keep("repeat", members[0], members[1])
        other = _differing(members)
        if other and all(member.label for member in members):
            task.contradictions += 1
            task.contradicting += len(members)
            self._keep("contradiction", members[0], other)
        elif other:
            task.several_answers += 1

    def _across_splits(self, task_id: str, members: Sequence[Member]) -> None:
        for split, other, here, there in _sides(members):
            answers = {member.answer for member in there}
            tally = self.splits.setdefault((task_id, split, other), SplitCount())
            tally.shared += len(here)
            tally.telling += sum(map(self._tells, here))
            tally.same_answer += sum(member.answer in answers for member in here)
            if self._tells(here[0]):
                self._keep("split", here[0], there[0])

    def add_keyed(self, group: Group) -> None:
        """Count one group of instances with the same value of the further key."""
        by_task: dict[str, list[Member]] = defaultdict(list)
        for member in group.members:
            by_task[self.files[member.file].task_id].append(member)
        for task_id, members in by_task.items():
            for split, other, here, there in _sides(members):
                tally = self.keyed.setdefault((task_id, split, other), SplitCount())
                tally.shared += len(here)
                self._keep("key", here[0], there[0])

    def _across(self, first: Sequence[Member], second: Sequence[Member]) -> None:
        if self.files[first[0].file].task_id == self.files[second[0].file].task_id:
            return  # parts of one task, which are counted as its splits
        if not self._tells(first[0]):
            return
        pair = self.pairs[first[0].file, second[0].file]
        pair.inputs += 1
        pair.in_first += len(first)
        pair.in_second += len(second)
        answers = {member.answer for member in second}
        same = any(member.answer in answers for member in first)
        pair.same_answer += same
        pair.contradictions += not same and all(member.label for member in (*first, *second))
        self._keep("across", first[0], second[0])

    def _tells(self, member: Member) -> bool:
        return not member.short or self.tasks[member.file].terse

    def _keep(self, kind: str, left: Member, right: Member) -> None:
        kept = self._examples[kind, left.file]
        kept.append((left, right))
        kept.sort(key=lambda pair: (pair[0].row, pair[1].file, pair[1].row))
        del kept[_EACH:]

    def examples(self) -> list[tuple[str, Member, Member]]:
        """A few pairs of instances: the gravest kinds first, then one of each file before a second of any."""
        found = list(self._ranked())
        return [(kind, left, right) for _, _, _, kind, left, right in sorted(found)[:_MOST]]

    def _ranked(self) -> Iterator[tuple[int, int, int, str, Member, Member]]:
        for (kind, file), pairs in self._examples.items():
            for rank, (left, right) in enumerate(pairs):
                yield _KINDS.index(kind), rank, file, kind, left, right


def _sides(members: Sequence[Member]) -> Iterator[tuple[str, str, list[Member], list[Member]]]:
    """The splits that a group stands on both sides of, with its members on either."""
    by_split: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        by_split[member.split].append(member)
    for split, other in _SIDES:
        if by_split[split] and by_split[other]:
            yield split, other, by_split[split], by_split[other]


def _differing(members: Iterable[Member]) -> Member | None:
    """The first member whose answer is not that of the first one."""
    first, *rest = members
    return next((member for member in rest if member.answer != first.answer), None)
