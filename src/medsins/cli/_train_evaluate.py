"""The slice of a suite that judges a model while ``medsins train run`` tunes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ._train_common import suite_path

if TYPE_CHECKING:
    from medsins.training.recipe import Recipe
    from medsins.training.trainer import Evaluator


def evaluator(recipe: Recipe, tokenizer: Any, told: Callable[[int, Mapping[str, float]], None]) -> Evaluator | None:
    """What judges the model as the recipe says; None where it says nothing. ``told`` hears the step and its scores.

    Raises:
        UsageError, InvalidFile: the suite or its protocol cannot be used.
    """
    from medsins.bench.slice import Slice
    from medsins.bench.spec import RunSpec

    chosen = recipe.evaluation
    if not chosen.suite:
        return None
    path = suite_path(recipe, chosen.suite)
    bundled = not recipe.place(chosen.suite).exists()
    named: dict[str, Any] = {"suite": chosen.suite} if bundled else {"tasks": (str(path),)}
    questions = Slice(RunSpec(model="", protocol=chosen.protocol, **named), chosen.questions)

    def evaluate(model: Any, step: int) -> dict[str, float]:
        from medsins.models._local_quiet import quiet
        from medsins.models.transformers import wrap

        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        with quiet():
            backend = wrap(inner, tokenizer, recipe.model)
        try:
            scores = questions.score(backend)
        finally:
            backend.decoder.attend(backend.decoder.own)
            backend.close()
        told(step, scores)
        return scores

    return evaluate
