"""Chat formats as data: how turns become the exact text of a model family.

For looking at prompts without a model, and for tokenizers that bring no template of their own; any other backend
renders with its model's template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from .errors import unknown_name
from .records import Message, Prompt, Role


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
        "gemma": ChatFormat(
            begin="<bos>",
            before=_roles("", "<start_of_turn>user\n", "<start_of_turn>model\n"),
            after=_same("<end_of_turn>\n"),
            answer="<start_of_turn>model\n",
            strip=True,
            system_in_user=True,
        ),
    }
)


def plain(messages: Sequence[Message]) -> str:
    """Turns for a model that knows none: their texts, one blank line between them, a newline at the end."""
    text = "\n\n".join(message.content for message in messages)
    return text if text.endswith("\n") else f"{text}\n"


def turns(messages: Sequence[Message]) -> str:
    """Turns under the names of their roles, where whoever reads them puts them into a template that is not known."""
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)


def render(prompt: Prompt, name: str) -> str:
    """The text of a prompt in a chat format, or ``plain``; a prompt that is text already stays as it is.

    Raises:
        UsageError: no such format.
    """
    if name not in (*FORMATS, "plain"):
        raise unknown_name("chat format", name, (*FORMATS, "plain"))
    if prompt.text is not None:
        return prompt.text
    if name == "plain":
        return plain(prompt.messages)
    chat = FORMATS[name]
    messages = merge_system(prompt.messages) if chat.system_in_user else prompt.messages
    bodies = [m.content.strip() if chat.strip else m.content for m in messages]
    turns = [chat.before[m.role] + body + chat.after[m.role] for m, body in zip(messages, bodies, strict=True)]
    return chat.begin + "".join(turns) + chat.answer


def pin_date(template: str) -> str:
    """The template with one day for ever where it asks for today's, or every prompt would change from day to day."""
    asks = re.compile(r"""strftime_now\(\s*(["'])(.*?)\1\s*\)""")
    return asks.sub(lambda match: repr(datetime(2024, 7, 26).strftime(match[2])), template)


def merge_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The same conversation with its system texts on top of the first user turn."""
    system = [message.content for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    if not system:
        return messages
    users = [message.content for message in rest[:1] if message.role == "user"]
    return (Message("user", "\n\n".join([*system, *users])), *rest[len(users) :])
