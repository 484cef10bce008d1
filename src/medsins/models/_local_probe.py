"""Whether a model may be batched: its configuration allows it, and a batch then gives the model's own logits."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import torch

from medsins.core import Problem, UsageError

from ._local_attention import Slots, Step

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
    finally:
        decoder.attend(decoder.own)


def plain_attention(model: Any) -> bool:
    """Whether every layer attends to all earlier tokens, with positions that do not depend on the longest prompt."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ()) - {"full_attention"}
    sliding = getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True)
    rope = getattr(config, "rope_parameters", None) or {}
    moving = rope.get("rope_type", "default") in ("dynamic", "longrope")
    capped = getattr(config, "attn_logit_softcapping", None)
    return not (kinds or sliding or moving or capped)


def check_plain_loop(decoder: Decoder, name: str) -> None:
    """Go on from kept keys and values, and compare with reading all tokens at once.

    Raises:
        UsageError: the model keeps its state in another way, so the plain loop would write something else.
    """
    try:
        off = _cached_difference(decoder)
    except Exception as error:
        off, reason = float("inf"), f"{type(error).__name__}: {error}"
    else:
        reason = "it keeps no keys and values of earlier tokens"
    if off > TOLERANCE.get(decoder.model.dtype, ROUGH):
        mend = "serve it with a server that knows it, and name it openai:MODEL@URL"
        raise UsageError(Problem(f"this kind of model cannot be run here ({reason})", place=name, mend=mend))


@torch.inference_mode()
def _cached_difference(decoder: Decoder) -> float:
    from transformers import DynamicCache

    model, cache = decoder.model, DynamicCache(config=decoder.model.config)
    ids = torch.tensor([[1, 5, 3, 4, 2, 6]], device=decoder.device)
    whole = model(input_ids=ids, use_cache=False).logits[0, -1].float()
    model(input_ids=ids[:, :-1], past_key_values=cache, use_cache=True)
    seen = torch.ones_like(ids)
    step = model(input_ids=ids[:, -1:], attention_mask=seen, past_key_values=cache, use_cache=True).logits[0, -1]
    return float((step.float() - whole).abs().max() / whole.std())


@torch.inference_mode()
def _largest_difference(decoder: Decoder) -> float:
    size = int(decoder.model.config.get_text_config().vocab_size)
    sequences = [
        array("i", [(7 * i * i + 3) % size for i in range(SHARED)])
        + array("i", [(11 * r + 5 * i + 1) % size for i in range(read + written)])
        for r, (read, written) in enumerate(zip(READ, WRITTEN, strict=True))
    ]
    plain = []
    for sequence, written in zip(sequences, WRITTEN, strict=True):
        ids = torch.tensor([sequence.tolist()], device=decoder.device)
        plain.append(decoder.model(input_ids=ids, use_cache=False).logits[0, -written:])
    longest = max(map(sum, zip(READ, WRITTEN, strict=True)))
    slots, prefixes = Slots(len(READ), longest), [decoder.read_prefix(sequences[0][:SHARED])] * len(READ)
    read = [token for s, count in zip(sequences, READ, strict=True) for token in s[SHARED : SHARED + count]]
    decoder.forward(read, Step(slots, prefixes, [], [], READ, decoder.device), [0])
    write = [token for s, count in zip(sequences, WRITTEN, strict=True) for token in s[-count:]]
    batched = decoder.forward(write, Step(slots, prefixes, READ, WRITTEN, [], decoder.device), range(len(write)))
    expected = torch.cat(plain).float()
    return float((batched.float() - expected).abs().max() / expected.std())
