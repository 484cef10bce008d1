"""Attention over a ragged batch: no padding between prompts, and the tokens they share are kept once.

The model sees one flat row of tokens. Each of its tokens belongs to a slot (one request) and attends to the prefix that
slot shares with others and to the earlier tokens of its own slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

NAME = "medsins_ragged"


@dataclass(slots=True)
class Prefix:
    """Keys and values of the shared tokens, one pair a layer, each ``[kv_heads, length, head_dim]``."""

    length: int = 0
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)


class Slots:
    """Keys and values of each request's own tokens: per layer ``[slots, kv_heads, capacity, head_dim]``.

    Slots in use are always the first ones; a request that leaves hands its place to the last.
    """

    def __init__(self, slots: int, capacity: int) -> None:
        self.slots, self.capacity = slots, capacity
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}

    def write(self, layer: int, keys: Tensor, values: Tensor, rows: Tensor, places: Tensor) -> None:
        """Store ``[tokens, kv_heads, head_dim]`` keys and values at (slot, place) of each token."""
        if layer not in self.keys:
            shape = (self.slots, keys.shape[1], self.capacity, keys.shape[2])
            # Zeros, because a masked place still takes part in a product, where rubbish might be NaN.
            self.keys[layer], self.values[layer] = keys.new_zeros(shape), values.new_zeros(shape)
        self.keys[layer][rows, :, places] = keys
        self.values[layer][rows, :, places] = values

    def move(self, source: int, target: int, length: int) -> None:
        """Copy one slot's first ``length`` places over another's."""
        for store in (self.keys, self.values):
            for tensor in store.values():
                tensor[target, :, :length] = tensor[source, :, :length]

    def as_prefix(self, length: int) -> Prefix:
        """The first slot's tokens as a prefix for others."""
        layers = range(len(self.keys))
        return Prefix(
            length, [self.keys[i][0, :, :length] for i in layers], [self.values[i][0, :, :length] for i in layers]
        )


class Step:
    """One forward pass over a flat row of tokens.

    The first slots write: ``counts[r]`` tokens (few) of slot r, from its place ``starts[r]`` on. The slots after them
    read: all ``lengths[r]`` tokens of a prompt, from its place 0 on. ``prefixes`` has one for each of all these slots.
    """

    def __init__(
        self,
        slots: Slots,
        prefixes: Sequence[Prefix],
        starts: Sequence[int],
        counts: Sequence[int],
        lengths: Sequence[int],
        device: Any,
    ) -> None:
        self.slots, self.prefixes, self.counts, self.lengths = slots, prefixes, counts, lengths
        self.written = sum(counts)
        spans = [*zip(starts, counts, strict=True), *((0, length) for length in lengths)]
        self.rows = torch.tensor([r for r, (_, count) in enumerate(spans) for _ in range(count)], device=device)
        self.places = torch.tensor([start + i for start, count in spans for i in range(count)], device=device)
        before = torch.tensor([prefix.length for prefix in prefixes], device=device)
        self.positions = (self.places + before[self.rows])[None]
        if counts:
            self.width, self.span = max(counts), max(map(sum, spans[: len(counts)]))
            self.even = min(counts) == self.width
            first = torch.tensor(starts, device=device)[:, None]
            last = first + torch.arange(self.width, device=device)
            self.hidden = (torch.arange(self.span, device=device) > last[..., None])[:, None, None]
            rows = self.rows[: self.written]
            self.holes = (rows, self.places[: self.written] - first[rows, 0])
        self.shared = [*self._shared(device)]
        self.seen = [
            torch.ones(length, prefix.length + length, dtype=torch.bool, device=device).tril(prefix.length)
            if prefix.length
            else None
            for length, prefix in zip(lengths, prefixes[len(counts) :], strict=True)
        ]

    def _shared(self, device: Any) -> Iterator[tuple[Prefix, Any]]:
        """Each prefix of the slots that write, and which of them have it."""
        have: dict[int, list[int]] = {}
        for r in range(len(self.counts)):
            if self.prefixes[r].length:
                have.setdefault(id(self.prefixes[r]), []).append(r)
        for rows in have.values():
            everyone = len(rows) == len(self.counts)
            yield self.prefixes[rows[0]], slice(None) if everyone else torch.tensor(rows, device=device)


def ragged_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scaling: float, **extra: Any
) -> tuple[Tensor, None]:
    """The attention function that transformers calls in every layer.

    ``query`` is ``[1, heads, tokens, head_dim]``, ``key`` and ``value`` the same with the key/value heads; the result
    is ``[1, tokens, heads, head_dim]``. The pass it belongs to comes as keyword ``step``.
    """
    step: Step = extra["step"]
    layer: int = module.layer_idx
    step.slots.write(layer, key[0].transpose(0, 1), value[0].transpose(0, 1), step.rows, step.places)
    parts = [_writing(step, layer, query[0, :, : step.written], scaling)] if step.counts else []
    done = step.written
    for r, length in enumerate(step.lengths):
        parts.append(_reading(step, layer, r, query[:, :, done : done + length], scaling))
        done += length
    return torch.cat(parts)[None], None


def _reading(step: Step, layer: int, r: int, query: Tensor, scaling: float) -> Tensor:
    """A prompt: its tokens ``[1, heads, tokens, head_dim]`` over the prefix and themselves."""
    row, length = len(step.counts) + r, step.lengths[r]
    prefix = step.prefixes[row]
    keys = step.slots.keys[layer][row, :, :length]
    values = step.slots.values[layer][row, :, :length]
    if prefix.length:
        keys, values = torch.cat((prefix.keys[layer], keys), 1), torch.cat((prefix.values[layer], values), 1)
    seen = step.seen[r]
    answer = scaled_dot_product_attention(
        query, keys[None], values[None], attn_mask=seen, is_causal=seen is None, scale=scaling, enable_gqa=True
    )
    return answer[0].transpose(0, 1)


def _writing(step: Step, layer: int, query: Tensor, scaling: float) -> Tensor:
    """Answers: all slots at once. A prefix is one product for all that have it, their own tokens a batch of products;
    the two softmax sums are put together at the end.
    """
    heads, _, size = query.shape
    keys = step.slots.keys[layer][: len(step.counts), :, : step.span]
    values = step.slots.values[layer][: len(step.counts), :, : step.span]
    rows, kv_heads = keys.shape[:2]
    group = heads // kv_heads
    # [rows, width, heads, size], with holes where a slot has fewer tokens than the widest
    flat = query.transpose(0, 1) * scaling
    wide = flat.reshape(rows, step.width, heads, size) if step.even else _spread(step, flat, rows)
    asked = wide.view(rows, step.width, kv_heads, group, size).permute(0, 2, 3, 1, 4)
    asked = asked.reshape(rows, kv_heads, group * step.width, size)
    scores = torch.matmul(asked, keys.transpose(2, 3))
    scores.view(rows, kv_heads, group, step.width, -1).masked_fill_(step.hidden, float("-inf"))
    top, total, weights = _softmax_parts(scores)
    answer = torch.matmul(weights, values).float()
    for prefix, who in step.shared:
        # [kv_heads, rows that have it * group * width, size]
        asking = asked[who].transpose(0, 1)
        shape = asking.shape
        before = torch.matmul(asking.reshape(kv_heads, -1, size), prefix.keys[layer].transpose(1, 2))
        more_top, more_total, weights = _softmax_parts(before)
        more = torch.matmul(weights, prefix.values[layer]).float()
        more_top, more_total, more = (
            part.view(*shape[:3], -1).transpose(0, 1) for part in (more_top, more_total, more)
        )
        highest = torch.maximum(top[who], more_top)
        own, other = torch.exp(top[who] - highest), torch.exp(more_top - highest)
        answer[who] = answer[who] * own + more * other
        total[who] = total[who] * own + more_total * other
    answer = (answer / total).to(query.dtype).view(rows, kv_heads, group, step.width, size).permute(0, 3, 1, 2, 4)
    answer = answer.reshape(rows, step.width, heads, size)
    return answer.reshape(-1, heads, size) if step.even else answer[step.holes]


def _softmax_parts(scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Highest score and sum of the exponentials over the last axis, both kept as ``[..., 1]`` in float32, and the
    exponentials themselves.
    """
    full = scores.float()
    top = full.amax(-1, keepdim=True)
    weights = torch.exp(full - top)
    return top, weights.sum(-1, keepdim=True), weights.to(scores.dtype)


def _spread(step: Step, flat: Tensor, rows: int) -> Tensor:
    wide = flat.new_zeros(rows, step.width, *flat.shape[1:])
    wide[step.holes] = flat
    return wide
