"""The loss of a packed row: cross-entropy on answer tokens, logits only where it is taken."""

from __future__ import annotations

from typing import Any

from .attention import predictors, visible
from .packed_attention import attends_by_block, blocks
from .records import Row


def row_tensors(row: Row) -> dict[str, Any]:
    """The model's arguments for a row, a batch of one, and ``targets``: ids of the tokens with loss.

    ``logits_to_keep`` names the places whose state predicts them, so that the head, which is most of a small model's
    work, is not computed for prompts. Who looks at whom is said twice: the mask is (1, 1, tokens, tokens), true where a
    token may look, which is what PyTorch's own attention (``sdpa``) takes; ``blocks`` are for attention by block.
    """
    import torch

    places, targets = predictors(row)
    return {
        "input_ids": torch.from_numpy(row.ids).long()[None],
        "position_ids": torch.from_numpy(row.positions).long()[None],
        "attention_mask": torch.from_numpy(visible(row))[None, None],
        "blocks": blocks(row),
        "logits_to_keep": torch.from_numpy(places).long(),
        "targets": torch.from_numpy(targets).long(),
    }


def summed_loss(model: Any, tensors: dict[str, Any]) -> Any:
    """The sum of cross-entropies (nats) over the row's answer tokens, in float32."""
    import torch.nn.functional as functional

    unused = {"targets"} if attends_by_block(model) else {"targets", "blocks"}
    inputs = {name: value for name, value in tensors.items() if name not in unused}
    logits = model(**inputs, use_cache=False).logits[0]
    return functional.cross_entropy(logits.float(), tensors["targets"], reduction="sum")
