"""Which instance a row of an upload answers: by its id, by its input, or by the query its prompt ends with.

A published predictions file holds whole rendered prompts: shots, which may be instances of the same task, then the
query, then whatever a chat template ends with. The query is the known input that ends last, and stands where a text
can begin; what follows it in one row (the template's closing words) is tried first in the next rows.
"""

from __future__ import annotations

import ast
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from .records import Item

SHORT = 60
"""Inputs of fewer characters must be set off by a line break or a label; longer ones need only begin with a word."""

_WINDOWS = (600, 5_000, 1 << 24)
_REACH, _PLACES, _ENDINGS, _HOPELESS = 8_000, 300, 32, 500
_MAY_END = re.compile(
    r"(?=\s*\n)|(?=\s*<[|/a-z])|(?=\s*\[/)|(?=\s*[\"”»』」}])|(?=\s+[\w ]{1,20}\s?[:：])|(?<=[.?!。？！])(?=\s)|\Z"
)
_LEADS = tuple(
    re.compile(pattern + r"\Z")
    for pattern in (
        r"(?:<\|[^|<>]{1,40}\|>\w{0,20}){1,2}",
        r"<[^<>\s]{1,40}>\w{0,20}",
        r"\[[^\[\]\s]{1,20}\]",
        r"[^\s:：]{1,30}\s?[:：]",
        r"[^\n]{3,60}",
    )
)
_QUOTES = ' \t\r\n"“«『「{'
_BEGINS = re.compile(r"(?:\A|\n|[:：>\]|】])[ \t\r\n]*[\"“«『「{]?[ \t\r\n]*\Z")


_WRITTEN, _LONGEST_WRITTEN = ("[{", "{'", '{"'), 200_000


class Matcher:
    """Finds the rows of a version that an upload answers. Learns the templates of one upload, so make one for each."""

    def __init__(self, items: Iterable[Item]) -> None:
        by_task: dict[str, list[Item]] = {}
        for item in items:
            by_task.setdefault(item.task_id, []).append(item)
        self.tasks = {task_id: _Queries(found) for task_id, found in by_task.items()}
        self._endings: list[str] = []
        self._failures = 0

    def by_id(self, task_id: str, instance_id: str) -> int | None:
        """The version's row of an instance id."""
        return self.tasks[task_id].by_id.get(instance_id)

    def by_input(self, task_id: str, text: str) -> tuple[int, ...]:
        """The version's rows whose input this is, several where they ask the same; empty when there is none."""
        return self.tasks[task_id].by_text.get(text.strip(), ())

    def by_prompt(self, task_id: str, prompt: str) -> tuple[int, ...]:
        """The version's rows whose input is the last query of a rendered prompt."""
        queries = self.tasks[task_id]
        prompt = _last_turn(prompt) if prompt[:2] in _WRITTEN else prompt
        for ending in self._endings:
            if prompt.endswith(ending):
                found = queries.ending(prompt, len(prompt) - len(ending))
                if found is not None:
                    return found
        if self._failures >= _HOPELESS:  # the upload will be refused anyway
            return ()
        for place in _places(prompt):
            found = queries.ending(prompt, place)
            if found is not None:
                if found:
                    self._learn(prompt[place:])
                return found
        self._failures += 1
        return ()

    def _learn(self, ending: str) -> None:
        """Endings that stop nearer to the end of a prompt are tried first, so that the last query wins."""
        if ending not in self._endings:
            self._endings = sorted([*self._endings[-_ENDINGS:], ending], key=len)


def squeeze(text: str) -> str:
    """A text without any blanks: what texts are compared by, because templates and spreadsheets change those."""
    return "".join(text.split())


def _last_turn(prompt: str) -> str:
    """What the user says last in messages that were written out as Python or JSON; any other text as it is.

    The published code hands some models a list of messages, or a pair of ``system`` and ``user``, and that is what its
    predictions files then hold.
    """
    if len(prompt) > _LONGEST_WRITTEN:
        return prompt
    for parse in (ast.literal_eval, json.loads):
        try:
            said = parse(prompt)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        turns = said if isinstance(said, list) else [said]
        texts = [turn.get("content", turn.get("user")) for turn in turns if isinstance(turn, dict)]
        return next((text for text in reversed(texts) if isinstance(text, str) and text.strip()), prompt)
    return prompt


def _places(prompt: str) -> Iterator[int]:
    """Where a query may end, from the end of the prompt backwards."""
    start = max(0, len(prompt) - _REACH)
    found = {match.start() for match in _MAY_END.finditer(prompt, start)}
    yield from sorted(found, reverse=True)[:_PLACES]


class _Queries:
    """The inputs of one task, ready to be looked up by their ends."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.by_id = {item.instance_id: item.row for item in items}
        self._items = items
        self._first = items[0].row
        self.groups: dict[str, list[int]] = {}
        for item in items:
            self.groups.setdefault(squeeze(item.input), []).append(item.row)
        self.by_text = {item.input.strip(): tuple(self.groups[squeeze(item.input)]) for item in items}
        self._backwards: list[str] = []

    def ending(self, prompt: str, end: int) -> tuple[int, ...] | None:
        """The rows of the longest input that ends at a place of a prompt: none if it is a shot there (and so is all
        that stands before it), None if no input ends there.
        """
        self._backwards = self._backwards or sorted(text[::-1] for text in self.groups if text)
        body = prompt[max(0, end - _WINDOWS[-1]) : end].rstrip()
        for backwards in self._known(body):
            rows = self.groups[backwards[::-1]]
            start = _start(body, self._item(rows[0]).input.strip(), len(backwards))
            if _can_begin(body, start, len(backwards)):
                shot = self._is_shot(body[max(0, start - 200) : start], prompt[end:], rows[0])
                return () if shot else tuple(rows)
        return None

    def _item(self, row: int) -> Item:
        return self._items[row - self._first]

    def _known(self, body: str) -> Iterator[str]:
        """The known texts that a body ends with, longest first; texts are squeezed and read backwards."""
        texts, rest = self._backwards, ""
        for size in _WINDOWS:
            rest = squeeze(body[-size:])[::-1]
            at = bisect_left(texts, rest)
            if size >= len(body) or at == len(texts) or not texts[at].startswith(rest):
                break
        at = len(texts)
        while rest and (at := bisect_right(texts, rest, 0, at)):
            text = texts[at - 1]
            if rest.startswith(text):
                yield text
                rest = text[:-1]
            else:
                rest = rest[: _common(text, rest)]

    def _is_shot(self, before: str, after: str, row: int) -> bool:
        """Whether another case follows: the label that introduced this one comes again, or its own answer comes."""
        before = before.rstrip(_QUOTES)
        lead = next((found[0] for pattern in _LEADS if (found := pattern.search(before))), "")
        if len(lead) > 2 and lead in after:
            return True
        following = squeeze(after[:4_000]) if len(after) > 12 else ""
        return any(len(answer) > 12 and answer[:60] in following for answer in map(squeeze, self._item(row).outputs))


def _start(body: str, text: str, letters: int) -> int:
    """Where the text of so many letters begins that a body ends with, whatever blanks are between them."""
    if body.endswith(text):
        return len(body) - len(text)
    size = letters
    while (have := len(squeeze(body[-size:]))) < letters:
        size += letters - have
    return len(body) - size


def _can_begin(body: str, start: int, letters: int) -> bool:
    if letters >= SHORT:
        return start == 0 or not body[start - 1].isalnum() or not body[start].isalnum()
    return _BEGINS.search(body, max(0, start - 40), start) is not None


def _common(a: str, b: str) -> int:
    """How many letters two texts begin with in common."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
