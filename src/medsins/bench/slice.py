"""A few questions of every category of a suite, answered and scored in memory: a look at a model while it is tuned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean

from medsins.core import Problem, UsageError
from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import score_task
from medsins.models import Backend

from .plans import TaskPlan, make_plan, make_samples
from .scoring_profiles import by_task
from .scoring_source import specs_of
from .spec import RunSpec


class Slice:
    """The first ``questions`` of each category of a run, spread over its tasks.

    Args:
        spec: the suite or tasks, the protocol and the seed; its model and limit are not looked at.
        questions: of each category.

    Raises:
        UsageError, InvalidFile: as ``make_plan``.
    """

    def __init__(self, spec: RunSpec, questions: int) -> None:
        plan = make_plan(spec)
        if not plan.tasks:
            raise UsageError(Problem("the suite has no tasks", spec.suite))
        self.seed, self.tasks = spec.seed, _first(plan.tasks, questions)

    @property
    def total(self) -> int:
        """Questions in all."""
        return sum(task.count for task in self.tasks)

    def score(self, backend: Backend) -> dict[str, float]:
        """The primary metric of the strict profile by category, in percent: the mean over the category's tasks."""
        samples = list(make_samples(self.tasks, backend, self.seed))
        rows: list[Row | None] = [None] * len(samples)
        for answers in backend.generate([sample.request for sample in samples], frozenset()):
            for place, done in answers:
                sample = samples[place]
                given = sample.task.instances[sample.index]
                rows[place] = Row(place, sample.task.id, given.input, done.text, given.outputs, done.status)
        answered = [row for row in rows if row is not None]
        specs = specs_of(answered, {plan.task.id: (plan.task.category, plan.task.language) for plan in self.tasks})
        return self._means({name: _primary(some, specs[name]) for name, some in by_task(answered).items()})

    def _means(self, scores: Mapping[str, float]) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        for plan in self.tasks:
            if plan.task.id in scores:
                found.setdefault(plan.task.category, []).append(scores[plan.task.id])
        return {category: fmean(values) for category, values in sorted(found.items())}


def _primary(rows: list[Row], spec: TaskSpec) -> float:
    scored = score_task(rows, spec)
    return 100 * float(scored.table.point()[scored.primary])


def _first(plans: tuple[TaskPlan, ...], questions: int) -> list[TaskPlan]:
    """Each category's questions one by one from its tasks in turn, as long as they have any."""
    chosen = dict.fromkeys((plan.task.id for plan in plans), 0)
    for category in {plan.task.category for plan in plans}:
        members = [plan for plan in plans if plan.task.category == category]
        left = questions
        while left:
            having = [plan for plan in members if chosen[plan.task.id] < plan.count][:left]
            if not having:
                break
            for plan in having:
                chosen[plan.task.id] += 1
            left -= len(having)
    return [replace(plan, count=chosen[plan.task.id]) for plan in plans if chosen[plan.task.id]]
