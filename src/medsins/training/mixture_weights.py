"""How many samples each task gives: weights by size and temperature, made to keep quotas with the least change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsins.core import Problem, UsageError, unknown_name

from .mixture_settings import Mixture

Floats = NDArray[np.float64]
_SWEEPS = 2_000
_NEAR = 1e-7
_NEAR_ENOUGH = 1e-3  # quotas that leave just one way are come near to slowly; what is missing then is given to others
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Supply:
    """What a task has: instances to train on, the language of its answers, its text domains."""

    instances: int
    language: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``most`` (0 to 1) of the samples may be of the ``tasks`` that are marked."""

    name: str
    most: float
    tasks: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Amounts:
    """For each task its share of the mixture (they sum to 1) and its samples."""

    shares: Floats
    samples: NDArray[np.int64]


def amounts(supplies: Sequence[Supply], mixture: Mixture) -> Amounts:
    """Shares and samples of tasks, all of which have instances.

    Shares are the weights where there are no quotas; with quotas, the shares nearest to them (relative entropy) that
    keep every quota, so that tasks under the same quotas keep their proportions. Whole samples keep the quotas too;
    where rounding leaves no room, a few are missing. Without a number of samples there are as many as instances count,
    and quotas leave some out instead of repeating others.

    Raises:
        UsageError: a quota for what no task has, or quotas that cannot be kept together.
    """
    counted = np.array([min(s.instances, mixture.cap or s.instances) for s in supplies], np.float64)
    weights = counted ** (1.0 / mixture.temperature)
    weights /= weights.sum()
    quotas = find_quotas(supplies, mixture)
    shares = nearest(weights, quotas)
    total = mixture.samples
    if not total:
        lifted = shares > 0
        total = int(counted.sum() * min(1.0, float((weights[lifted] / shares[lifted]).min())) + _EXACT)
    return Amounts(shares, whole(shares, total, quotas))


def find_quotas(supplies: Sequence[Supply], mixture: Mixture) -> list[Quota]:
    """The quotas of a mixture with the tasks each is for, names in any case.

    Raises:
        UsageError: no task has such a language or domain (all of them at once, with suggestions).
    """
    quotas: list[Quota] = []
    problems: list[Problem] = []
    kinds: dict[str, tuple[Mapping[str, float], list[tuple[str, ...]]]] = {
        "language": (mixture.languages, [(supply.language,) for supply in supplies]),
        "domain": (mixture.domains, [supply.domains for supply in supplies]),
    }
    for kind, (wanted, held) in kinds.items():
        for name, most in wanted.items():
            tasks = np.array([name.casefold() in map(str.casefold, names) for names in held], np.bool_)
            if not tasks.any():
                known = {one for names in held for one in names}
                problems += unknown_name(f"{kind} of these tasks", name, known).problems
            quotas.append(Quota(f"{kind} {name} {most:g}", most, tasks))
    if problems:
        raise UsageError(*problems)
    return quotas


def nearest(weights: Floats, quotas: Sequence[Quota]) -> Floats:
    """The shares of least relative entropy to ``weights`` (which sum to 1) that keep all quotas and sum to 1, nearly.

    Cyclic projections with one multiplier a quota (Censor and Lent 1981, "An iterative row-action method").

    Raises:
        UsageError: there are none.
    """
    allowed = np.ones(len(weights), np.bool_)
    for quota in quotas:
        allowed &= ~quota.tasks | (quota.most > 0)
    shares = np.where(allowed, weights, 0.0)
    bounds = [quota for quota in quotas if quota.most > 0]
    if not allowed.any():
        raise _impossible(quotas)
    logs = np.zeros(len(bounds))
    for _ in range(_SWEEPS):
        shares /= shares.sum()
        over = np.array([shares[quota.tasks].sum() - quota.most for quota in bounds])
        if (over <= _NEAR).all() and ((over >= -_NEAR) | (logs == 0)).all():
            break
        for place, quota in enumerate(bounds):
            there = float(shares[quota.tasks].sum())
            step = max(-logs[place], float(np.log(there / quota.most))) if there > 0 else -logs[place]
            logs[place] += step
            shares[quota.tasks] *= np.exp(-step)
    if (over > _NEAR_ENOUGH).any():
        raise _impossible(quotas)
    for quota in bounds:
        there = float(shares[quota.tasks].sum())
        shares[quota.tasks] *= min(1.0, quota.most / there) if there > 0 else 1.0
    return shares


def _impossible(quotas: Sequence[Quota]) -> UsageError:
    names = ", ".join(quota.name for quota in quotas)
    mend = "raise some, or add tasks that they do not bound"
    return UsageError(Problem(f"these quotas cannot be kept together by these tasks: {names}", mend=mend))


def whole(shares: Floats, total: int, quotas: Sequence[Quota]) -> NDArray[np.int64]:
    """Whole samples by largest remainder (Hare quota), none beyond a quota's share of ``total``."""
    exact = shares * total
    samples = np.floor(exact + _EXACT).astype(np.int64)
    room = [int(quota.most * total + _EXACT) - int(samples[quota.tasks].sum()) for quota in quotas]
    missing = total - int(samples.sum())
    # A quota stops a task with a large remainder, so another may have to take more than one.
    order = sorted(np.flatnonzero(shares > 0).tolist(), key=lambda task: samples[task] - exact[task])
    while missing > 0:
        before = missing
        for task in order:
            bounding = [place for place, quota in enumerate(quotas) if quota.tasks[task]]
            if missing and all(room[place] > 0 for place in bounding):
                samples[task] += 1
                missing -= 1
                for place in bounding:
                    room[place] -= 1
        if missing == before:
            break
    return samples
