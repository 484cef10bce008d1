"""What a run has spent and what is under way at most, so that a budget is never exceeded."""

from __future__ import annotations

from dataclasses import dataclass, field

from medsins.core import Completion, Problem, Request, UsageError
from medsins.models import Backend

Prices = tuple[float, float]
"""US dollars for a million prompt tokens and a million completion tokens."""

TURN = 16  # tokens of a chat template around a message, at most


def price(prices: Prices, prompt_tokens: int, completion_tokens: int) -> float:
    """US dollars for so many tokens."""
    return (prices[0] * prompt_tokens + prices[1] * completion_tokens) / 1e6


def paid(prices: Prices, completion: Completion) -> float:
    """US dollars of an answer; one from the cache costs nothing."""
    return 0.0 if completion.cached else price(prices, completion.prompt_tokens, completion.completion_tokens)


def most_tokens(backend: Backend, request: Request, rendered: str) -> tuple[int, int]:
    """Prompt and completion tokens that a request can be billed for at most.

    No tokenizer makes more tokens of a text than it has bytes. A backend that lets a model think beyond the answer's
    limit says so by a method ``most_tokens(request)``.
    """
    turns = len(request.prompt.messages) + 1
    own = getattr(backend, "most_tokens", None)
    answer = int(own(request)) if own else request.sampling.max_new_tokens
    return len(rendered.encode("utf-8", "replace")) + TURN * turns, answer


@dataclass(slots=True)
class Ledger:
    """Dollars ``spent`` and ``reserved`` for requests under way, by row. ``budget`` 0: no limit."""

    prices: Prices
    budget: float = 0.0
    spent: float = 0.0
    under_way: dict[int, float] = field(default_factory=dict)

    @property
    def reserved(self) -> float:
        """The most that the requests under way may cost."""
        return sum(self.under_way.values())

    def reserve(self, row: int, most: float) -> bool:
        """Set the most that a request may cost aside; False where the budget has no room for it now."""
        if self.budget and self.spent + self.reserved + most > self.budget:
            return False
        self.under_way[row] = most
        return True

    def release(self, row: int) -> None:
        """A request that was set aside for was not sent after all."""
        self.under_way.pop(row, None)

    def settle(self, row: int, completion: Completion) -> float:
        """Book an answer; returns its dollars."""
        self.under_way.pop(row, None)
        cost = paid(self.prices, completion)
        self.spent += cost
        return cost


def check_budget(budget: float, prices: Prices, streams: bool) -> None:
    """See that a budget can be kept.

    Raises:
        UsageError: the price is not known, or the model is one of this machine, which sends no bill.
    """
    if not budget:
        return
    if not streams:
        raise UsageError(Problem("--budget is for served models; a model in this process sends no bill"))
    if not any(prices):
        mend = "give it in US dollars for a million tokens: --price IN,OUT"
        raise UsageError(Problem("--budget needs the model's price, which is not known", mend=mend))
