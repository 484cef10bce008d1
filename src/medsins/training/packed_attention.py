"""Attention of packed rows sample by sample, which on a processor costs less than one product with most of it masked.

A dense mask over a row of n tokens computes all n² scores; samples of a packed row look at a few of them. PyTorch's
own attention is called once for each prefix and each part instead, over the keys they see.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from .records import Row

NAME = "medsins_packed"


@dataclass(frozen=True, slots=True)
class Block:
    """Tokens ``start`` to ``end`` of a row, which see themselves causally, and all of the tokens ``seen_from`` to
    ``seen_to`` before (none where the two are the same).
    """

    start: int
    end: int
    seen_from: int
    seen_to: int


def blocks(row: Row) -> list[Block]:
    """The blocks of a row, in order; together they hold each token once."""
    edges = np.flatnonzero((np.diff(row.group) != 0) | (np.diff(row.part) != 0)) + 1
    cuts = [0, *edges.tolist(), len(row)]
    found: list[Block] = []
    opened = 0, 0
    for start, end in pairwise(cuts):
        if row.part[start] == 0:
            opened = start, end
            found.append(Block(start, end, start, start))
        elif found and row.group[start] == row.group[opened[0]]:
            found.append(Block(start, end, *opened))
        else:
            found.append(Block(start, end, start, start))
    return found


def packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Any,
    scaling: float,
    dropout: float = 0.0,
    **extra: Any,
) -> tuple[Tensor, None]:
    """(1, heads, tokens, size) each in, ``key`` and ``value`` with their own heads; (1, tokens, heads, size) out.

    ``mask`` counts only where no ``blocks`` come, as when the model is asked for answers.
    """
    if "blocks" not in extra:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        answer, _ = sdpa_attention_forward(module, query, key, value, mask, dropout=dropout, scaling=scaling, **extra)
        return answer, None
    repeat = query.shape[1] // key.shape[1]
    if repeat > 1:
        key, value = key.repeat_interleave(repeat, 1), value.repeat_interleave(repeat, 1)
    # Split once: of a slice the gradient is as large as the row, which many slices make dearer than attention itself.
    sizes = [block.end - block.start for block in extra["blocks"]]
    pieces = zip(extra["blocks"], *(whole.split_with_sizes(sizes, 2) for whole in (query, key, value)), strict=True)
    opened: dict[int, tuple[Tensor, Tensor]] = {}
    answers = []
    for block, asking, keys, values in pieces:
        seen = None
        if before := block.seen_to - block.seen_from:
            shared_keys, shared_values = opened[block.seen_from]
            keys, values = torch.cat((shared_keys, keys), 2), torch.cat((shared_values, values), 2)
            seen = torch.ones(asking.shape[2], keys.shape[2], dtype=torch.bool, device=query.device).tril(before)
        else:
            opened[block.start] = keys, values
        answer = scaled_dot_product_attention(
            asking, keys, values, attn_mask=seen, is_causal=seen is None, scale=scaling, dropout_p=dropout
        )
        answers.append(answer.transpose(1, 2))
    return torch.cat(answers, 1), None


def attends_by_block(model: Any) -> bool:
    """Whether a model was loaded with ``attention()`` and wants blocks; wrappers are looked through."""
    config = getattr(model, "config", None) or model.module.config
    return bool(config._attn_implementation == NAME)


def attention() -> str:
    """The attention to load a model with: by block on a processor; PyTorch's own over a mask on an accelerator, where
    one large product beats many small ones.
    """
    if torch.cuda.is_available():
        return "sdpa"
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, packed_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME
