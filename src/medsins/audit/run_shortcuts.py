"""Answers that need no reading: always the same one, a shot's output copied, the question repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from .document import Evidence, Finding, Section, Table
from .run_answers import LONG, Answer, Cells, RunFacts, greatest_first, occurs, share, short, words
from .shots import split_prompt

FEWEST = 10
"""Rows below which a share says nothing."""
FAR, MOSTLY, MANY = 20.0, 80.0, 5.0
"""Percent: how much commoner an answer is than any reference, from which share on it is a habit, and how many copies
are a warning."""
_SHOWN = 12


def shortcuts_section(run: RunFacts) -> Section:
    """For each task the commonest answer against the commonest reference, copies from shots, and echoes."""
    rows: list[Cells] = []
    findings: list[Finding] = []
    evidence: list[Evidence] = []
    copied = echoed = 0
    for task_id, answers in run.by_task.items():
        given = [a for a in answers if a.text.strip()]
        if not given:
            continue
        said = Counter(map(_said, given))
        wanted = Counter(" ".join(words(a.prediction.references[0])) for a in answers if a.prediction.references)
        answer, often = said.most_common(1)[0]
        usual = share(wanted.most_common(1)[0][1], len(answers))[0] if wanted else None
        copies, echoes = [a for a in given if _copied(a)], [a for a in given if _echoed(a)]
        copied, echoed = copied + len(copies), echoed + len(echoes)
        bounds = share(often, len(given))
        rows.append((task_id, len(given), len(said), short(answer, 40), *bounds, usual, len(copies), len(echoes)))
        findings += _habits(task_id, len(given), short(answer, 40), often, usual, len(wanted))
        findings += _copies(task_id, len(given), len(copies), len(echoes))
        evidence += [_shown(a, "copied from a shot") for a in copies[:2]] + [_shown(a, "echo") for a in echoes[:1]]
    fixed = sum("%" in finding.what for finding in findings)
    return Section(
        check="run.shortcuts",
        title="Answers that need no reading",
        summary=f"{fixed} of {len(rows)} tasks mostly get one and the same answer; {copied} answers "
        f"are copied from a shot, {echoed} repeat their question.",
        findings=tuple(findings),
        tables=(_table(rows),) if rows else (),
        evidence=tuple(evidence[:_SHOWN]),
        settings={"copies and echoes": f"{LONG} words or more", "a habit": f"{MOSTLY:g} % of the answers, "
                  f"{FAR:g} points more than any reference, of {FEWEST} or more"},
    )  # fmt: skip


def _table(rows: Sequence[Cells]) -> Table:
    return Table(
        title="The commonest answer of each task",
        columns=("task", "answers", "different ones", "the commonest", "share", "low", "high", "commonest reference",
                 "copied from shots", "echoes"),
        rows=greatest_first(rows, 4),
        units=("", "", "", "", "%", "%", "%", "%", "", ""),
        note="Share of the commonest answer, as the scorer read it, beside the share of the commonest reference.",
        value="share",
        low="low",
        high="high",
    )  # fmt: skip


def _said(answer: Answer) -> str:
    """The answer as the scorer read it, else its words."""
    return " ".join(words(answer.strict.extracted or answer.text)) or " ".join(answer.text.split())


def _copied(answer: Answer) -> bool:
    asked = answer.prediction
    before, own = split_prompt(asked.prompt, asked.input)
    said = words(answer.text)
    return len(said) >= LONG and occurs(said, words(before)) and not occurs(said, words(own))


def _echoed(answer: Answer) -> bool:
    """The whole question again; where that is the reference too, as in tasks that copy, it is none."""
    asked = words(split_prompt(answer.prediction.prompt, answer.prediction.input)[1])
    known = any(words(reference) == asked for reference in answer.prediction.references)
    return len(asked) >= LONG and not known and occurs(asked, words(answer.text))


def _habits(
    task_id: str, rows: int, answer: str, often: int, usual: float | None, references: int
) -> Iterator[Finding]:
    part = 100 * often / rows
    if rows < FEWEST or references < 2 or usual is None or part < MOSTLY or part < usual + FAR:
        return
    what = f"{part:.0f} % of {rows} answers are “{answer}”; the commonest reference is that of {usual:.0f} %"
    mend = "its score is that of a constant: do not read it as skill"
    yield Finding("error" if often == rows else "warning", task_id, what, mend)


def _copies(task_id: str, rows: int, copies: int, echoes: int) -> Iterator[Finding]:
    for n, what in ((copies, "are copied word for word from a shot"), (echoes, "hold the whole question again")):
        if n:
            yield Finding("warning" if share(n, rows)[1] >= MANY else "note", task_id, f"{n} of {rows} answers {what}")


def _shown(answer: Answer, why: str) -> Evidence:
    marked = tuple(dict.fromkeys(words(answer.text)))[:200]
    asked = answer.prediction
    before, own = split_prompt(asked.prompt, asked.input)
    right, place = (own, "input") if why == "echo" else (before[-3_000:], "shots of its prompt")
    return Evidence(f"{answer.place} / answer", answer.text, f"{answer.place} / {place}", right, why, None, marked)
