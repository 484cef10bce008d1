"""Protocol ``official-code``: what the published evaluation code sends, defects included.

Source: ``Evaluation/EvalDataset.py`` and ``eval.py`` of MAGIC-AI4Med/MedS-Ins at commit 185cfc0. Equal to its prompts
string by string when ``random.seed(seed)`` is called before each task file is read in order (CPython's generator).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from medsins.core import Instance, Message, Prompt, Task

from ._base import Fit, Protocol, Seeding, Truncation, smallest
from ._shots import ShotPool, ShotSet, Source, find_source, instance_example, shot_id

_LLAMA = ("Llama 3", "MMedLlama 3")
_INTERNLM = "InternLM 2"
_MISTRAL = "Mistral"
_API = ("GPT-4", "Claude")
_HINT = "Please learn from the few-shot cases to see what content you have to output."


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialCode(Protocol):
    """The published code's prompts.

    ``model_type`` is the code's own argument: ``Llama 3`` or ``MMedLlama 3``, ``InternLM 2``, ``Mistral``, ``GPT-4``
    or ``Claude``; any other name gets the plain template. ``GPT-4``, the default, is a system and a user turn, which
    the model's own chat template renders.
    """

    settings: ClassVar[tuple[str, ...]] = (
        "max_answer_tokens",
        "model_type",
        "adds_bos",
        "bos_token",
        "original_ins_possibility",
        "no_context_possibility",
    )

    name: str = "official-code"
    shot_sources: tuple[Source, ...] = ("test",)
    allow_zero_shot: bool = True
    wording: str = "drawn"
    seeding: Seeding = "file"
    truncation: Truncation = "right"
    # With an end token on the code's command line; it allows 200 without one, and for Mistral.
    answer_tokens: tuple[tuple[str, int], ...] = ()
    default_answer_tokens: int = 1000
    model_type: str = "GPT-4"
    # Whether the model's tokenizer puts the begin-of-text token first by itself, and that token's text.
    adds_bos: bool = True
    bos_token: str = "<s>"
    # Probabilities that an item gets the file's definition, and no shots.
    original_ins_possibility: float = 1.0
    no_context_possibility: float = 0.0
    # Tokens of the rendered prompt that are kept, special tokens included.
    max_prompt_tokens: int = 2048
    # Task id to rewritten definitions (``auto_rewrite_def`` of RewriteDefinitions.json).
    definitions: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False, repr=False)

    def select(self, task: Task, pool: ShotPool, seed: int) -> ShotSet:
        """All instances of the task: the published code draws shots from the test file, the query among them."""
        find_source(task, pool, self.shot_sources, self.name)
        return ShotSet(tuple(map(instance_example, task.instances)), "test", per_instance=True)

    def composer(self, task: Task, chosen: ShotSet, seed: int, fit: Fit | None) -> Callable[[int], Prompt]:
        """All draws of the file are made first, in its order, because each depends on those before it."""
        generator = random.Random(seed)
        draws = [self._draw(task, generator) for _ in task.instances]

        def compose(position: int) -> Prompt:
            instruction, places = draws[position]
            query = task.instances[position].input
            if places is not None:
                drawn = [task.instances[place] for place in places]
                instruction = f"{_shot_text(drawn)}\n\n{instruction}{_HINT}"
                query = f"Input:\n{query}\nOutput:\n"
            shots = tuple(shot_id(chosen.shots[place]) for place in places or ())
            return self._truncate(self._prompt(instruction, query, shots), fit)

        return compose

    def max_new_tokens(self, category: str) -> int:
        """Tokens an answer may take: one number for all categories, 200 for Mistral."""
        usual = 200 if self.model_type == _MISTRAL else self.default_answer_tokens
        return self.max_answer_tokens or usual

    def _draw(self, task: Task, generator: random.Random) -> tuple[str, list[int] | None]:
        """Instruction and shots of the next item, with the published code's calls in its order."""
        definition = task.card.definition
        was_string = bool(task.card.extra.get("definition_was_string"))
        raw: Sequence[str] = definition[0] if was_string and definition else definition
        instruction = raw[0] if raw else ""
        if generator.random() > self.original_ins_possibility:
            rewritten = self.definitions.get(task.id, raw)
            instruction = generator.sample(rewritten, 1)[0] if rewritten else instruction
        if generator.random() <= self.no_context_possibility:
            return instruction, None
        return instruction, generator.sample(range(len(task.instances)), min(len(task.instances), self.shots))

    def _prompt(self, instruction: str, query: str, shots: tuple[str, ...]) -> Prompt:
        if self.model_type == _MISTRAL:
            return Prompt(messages=(Message("user", f"{instruction}\n{query}"),), shots=shots)
        if self.model_type in _API:
            return Prompt(messages=(Message("system", instruction), Message("user", query)), shots=shots)
        if self.model_type in _LLAMA:
            # This text starts with the token that the tokenizer adds once more: the double one is the published code's.
            return Prompt(text=_llama(instruction, query), shots=shots)
        if self.model_type == _INTERNLM:
            text = f"<|im_start|>system\n{instruction}<|im_end|>\n" if instruction else ""
            text += f"<|im_start|>user\n{query}<|im_end|>\n<|im_start|>assistant\n"
        else:
            text = f"{instruction}\n{query}" if instruction else query
        bos = "" if self.adds_bos else self.bos_token
        return Prompt(text=bos + text, text_has_bos=not self.adds_bos, shots=shots)

    def _truncate(self, whole: Prompt, fit: Fit | None) -> Prompt:
        """Keep the first ``max_prompt_tokens`` tokens of a text, question or not; conversations are never cut."""
        text = whole.text
        if text is None or fit is None or fit.count_tokens(whole) <= self.max_prompt_tokens:
            return whole

        def prompt(cut: int) -> Prompt:
            kept = text[: len(text) - cut]
            return Prompt(text=kept, text_has_bos=whole.text_has_bos, shots=whole.shots, cut_characters=cut)

        return prompt(smallest(0, len(text), lambda cut: fit.count_tokens(prompt(cut)) <= self.max_prompt_tokens))


def _shot_text(drawn: Sequence[Instance]) -> str:
    """The shots' text. One listed output among them makes every output count by its first element, and that of a
    string is its first character.
    """
    bent = any(instance.listed for instance in drawn)
    outputs = [i.reference[:1] if bent and not i.listed else i.reference for i in drawn]
    cases = [f"Input:\n{i.input}\n\nOutput:\n{o}\n" for i, o in zip(drawn, outputs, strict=True)]
    return "\n\n".join(cases)


def _llama(instruction: str, query: str) -> str:
    turns = (("system", instruction), ("user", query))
    text = "".join(f"<|start_header_id|>{role}<|end_header_id|>\n\n{body.strip()}<|eot_id|>" for role, body in turns)
    return f"<|begin_of_text|>{text}<|start_header_id|>assistant<|end_header_id|>\n\n"


PROTOCOL = OfficialCode()
