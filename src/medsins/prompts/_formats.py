"""Chat formats as data: how turns become the exact text of a model family, for looking at prompts without a model.

A backend renders with its model's own template; these tables show the same for four families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from medsins.core import Message, Prompt, unknown_name
from medsins.core.records import Role

Part = Literal["plain", "shot", "question"]


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The text around turns. ``strip``: blanks at the ends of a turn are lost; ``system_in_user``: there is no system
    turn, its text opens the first user turn.
    """

    before: Mapping[Role, str]
    after: Mapping[Role, str]
    begin: str = ""
    answer: str = ""
    strip: bool = False
    system_in_user: bool = False


def _roles(system: str, user: str, assistant: str) -> Mapping[Role, str]:
    return MappingProxyType({"system": system, "user": user, "assistant": assistant})


def _same(template: str) -> Mapping[Role, str]:
    return _roles(*(template.format(role=role) for role in ("system", "user", "assistant")))


_CHATML_BEFORE = _same("<|im_start|>{role}\n")
_CHATML_AFTER = _same("<|im_end|>\n")

FORMATS: Mapping[str, ChatFormat] = MappingProxyType(
    {
        "messages": ChatFormat(before=_same("[{role}]\n"), after=_same("\n")),
        "llama3": ChatFormat(
            begin="<|begin_of_text|>",
            before=_same("<|start_header_id|>{role}<|end_header_id|>\n\n"),
            after=_same("<|eot_id|>"),
            answer="<|start_header_id|>assistant<|end_header_id|>\n\n",
            strip=True,
        ),
        "chatml": ChatFormat(before=_CHATML_BEFORE, after=_CHATML_AFTER, answer="<|im_start|>assistant\n"),
        "internlm2": ChatFormat(
            begin="<s>", before=_CHATML_BEFORE, after=_CHATML_AFTER, answer="<|im_start|>assistant\n"
        ),
        "mistral": ChatFormat(
            begin="<s>",
            before=_roles("", "[INST] ", " "),
            after=_roles("", "[/INST]", "</s>"),
            system_in_user=True,
        ),
    }
)


def render(prompt: Prompt, name: str) -> str:
    """The text of a prompt in a chat format; a prompt that is text already stays as it is.

    Raises:
        UsageError: no such format.
    """
    if name not in FORMATS:
        raise unknown_name("chat format", name, FORMATS)
    if prompt.text is not None:
        return prompt.text
    chat = FORMATS[name]
    messages = _merged(prompt.messages) if chat.system_in_user else prompt.messages
    bodies = [m.content.strip() if chat.strip else m.content for m in messages]
    turns = [chat.before[m.role] + body + chat.after[m.role] for m, body in zip(messages, bodies, strict=True)]
    return chat.begin + "".join(turns) + chat.answer


def _merged(messages: Sequence[Message]) -> Sequence[Message]:
    if len(messages) < 2 or messages[0].role != "system":
        return messages
    system, first, *rest = messages
    return (Message(first.role, f"{system.content}\n\n{first.content}"), *rest)


def mark(text: str, first_shot: str, instruction: str, question: str) -> list[tuple[Part, str]]:
    """Cut a rendered prompt into parts that together are the text: shots, question, and what is neither.

    ``first_shot`` is the input of the shot that comes first (empty: no shots); the shots reach to the instruction
    where it follows them, else to the question. What is not found in the text, because it was cut, is not marked.
    """
    needle = question.strip()
    asked = text.rfind(needle) if needle else -1
    end = asked if asked >= 0 else len(text)
    start = text.find(first_shot.strip(), 0, end) if first_shot.strip() else -1
    start = end if start < 0 else start
    told = text.rfind(instruction.strip(), start, end) if instruction.strip() else -1
    stop = told if told >= 0 else end
    question_end = end + len(needle) if asked >= 0 else end
    parts: list[tuple[Part, str]] = [
        ("plain", text[:start]),
        ("shot", text[start:stop]),
        ("plain", text[stop:end]),
        ("question", text[end:question_end]),
        ("plain", text[question_end:]),
    ]
    return [(part, piece) for part, piece in parts if piece]
