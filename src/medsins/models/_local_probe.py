"""Whether a model may be batched: its configuration allows it, and a batch then gives the model's own logits."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import torch

from ._local_attention import NAME, Slots, Step

if TYPE_CHECKING:
    from ._local_decode import Decoder

SHARED, READ, WRITTEN = 8, (3, 5, 2), (1, 3, 2)  # tokens
TOLERANCE = {torch.float32: 1e-3}  # of the logits' standard deviation
ROUGH = 0.2  # the same for half precision; a wrong attention is off by about 1


def can_batch(decoder: Decoder) -> bool:
    """Compare a small ragged batch (shared prefix, prompts, several written tokens) with plain forward passes."""
    if not plain_attention(decoder.model):
        return False
    try:
        return _largest_difference(decoder) <= TOLERANCE.get(decoder.model.dtype, ROUGH)
    except Exception:
        # Whatever a model's own code makes of a call it was not written for, it means: one at a time.
        return False


def plain_attention(model: Any) -> bool:
    """Whether every layer attends to all earlier tokens, with positions that do not depend on the longest prompt."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ()) - {"full_attention"}
    sliding = getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True)
    rope = getattr(config, "rope_parameters", None) or {}
    moving = rope.get("rope_type", "default") in ("dynamic", "longrope")
    capped = getattr(config, "attn_logit_softcapping", None)
    return not (kinds or sliding or moving or capped)


@torch.inference_mode()
def _largest_difference(decoder: Decoder) -> float:
    size = int(decoder.model.config.get_text_config().vocab_size)
    sequences = [
        array("i", [(7 * i * i + 3) % size for i in range(SHARED)])
        + array("i", [(11 * r + 5 * i + 1) % size for i in range(read + written)])
        for r, (read, written) in enumerate(zip(READ, WRITTEN, strict=True))
    ]
    plain = []
    decoder.model.set_attn_implementation("sdpa")
    for sequence, written in zip(sequences, WRITTEN, strict=True):
        ids = torch.tensor([sequence.tolist()], device=decoder.device)
        plain.append(decoder.model(input_ids=ids, use_cache=False).logits[0, -written:])
    slots = Slots(decoder.read_prefix(sequences[0][:SHARED]), len(READ), max(map(sum, zip(READ, WRITTEN, strict=True))))
    decoder.model.set_attn_implementation(NAME)
    read = [sequence[SHARED : SHARED + count] for sequence, count in zip(sequences, READ, strict=True)]
    step = Step(slots, [0] * len(READ), READ, reading=True, first=0, device=decoder.device)
    decoder.forward([token for part in read for token in part], step, [0])
    write = [sequence[-count:] for sequence, count in zip(sequences, WRITTEN, strict=True)]
    step = Step(slots, READ, WRITTEN, reading=False, first=0, device=decoder.device)
    batched = decoder.forward([token for part in write for token in part], step, range(sum(WRITTEN)))
    expected = torch.cat(plain).float()
    return float((batched.float() - expected).abs().max() / expected.std())
