"""What did not fit: answers cut by the token limit, thinking that never ended, prompts cut, shots left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .document import Finding, Section, Table
from .run_answers import Answer, Cells, RunFacts, TaskFacts, greatest_first, mean_percent, share

MANY = 5.0
"""Percent of a task's answers from which on (the lower end of the interval) it is a warning that they were cut."""


def limits_section(run: RunFacts) -> Section:
    """Cut answers, thinking, prompts and shots by task, and how cut answers scored against the others."""
    rows: list[Cells] = []
    findings: list[Finding] = []
    for task_id, answers in run.by_task.items():
        cut, whole = ([a for a in answers if _cut(a) is wanted] for wanted in (True, False))
        prompts, shots = _prompts(answers), sum(a.prediction.dropped_shots > 0 for a in answers)
        if not (cut or prompts or shots):
            continue
        thinking = sum(map(_unfinished, answers))
        scores = (
            mean_percent([a.value for a in cut])[0] if cut else None,
            mean_percent([a.value for a in whole])[0] if whole else None,
        )
        rows.append((task_id, len(answers), *share(len(cut), len(answers)), thinking, *scores, prompts, shots))
        findings += _findings(run.tasks[task_id], answers, len(cut), thinking)
    cut_all = sum(map(_cut, run.answers))
    prompts_all, shots_all = _prompts(run.answers), sum(a.prediction.dropped_shots > 0 for a in run.answers)
    table = Table(
        title="What was cut",
        columns=("task", "rows", "answers cut", "low", "high", "in thinking", "score of cut ones", "score of others",
                 "prompts cut", "prompts short of shots"),
        rows=greatest_first(rows, 2),
        units=("", "", "%", "%", "%", "", "%", "%", "", ""),
        note="Scores are means of the rows' own scores.",
        value="answers cut",
        low="low",
        high="high",
    )  # fmt: skip
    return Section(
        check="run.limits",
        title="What was cut",
        summary=f"{cut_all} of {len(run.answers)} answers reached the token limit; {prompts_all} questions were cut to "
        f"fit the model; {shots_all} prompts have fewer shots than the protocol asks for.",
        findings=tuple(findings),
        tables=(table,) if rows else (),
        settings={"warning from": f"{MANY:g} % of a task, surely"},
    )


def _cut(answer: Answer) -> bool:
    return answer.prediction.completion.status == "truncated"


def _unfinished(answer: Answer) -> bool:
    """Thinking that used up all tokens and left no answer."""
    done = answer.prediction.completion
    return done.status == "truncated" and not done.text.strip() and bool(done.thinking or done.thinking_tokens)


def _prompts(answers: Sequence[Answer]) -> int:
    return sum(answer.prediction.cut_characters > 0 for answer in answers)


def _findings(task: TaskFacts, answers: Sequence[Answer], cut: int, thinking: int) -> Iterator[Finding]:
    rows = len(answers)
    tokens = f" of {task.most_tokens} tokens" if task.most_tokens else ""
    more = "allow longer answers: --protocol P:max_answer_tokens=N"
    if thinking:
        yield Finding("warning", task.id, f"{thinking} of {rows} answers ended in thinking, at the limit{tokens}", more)
    elif share(cut, rows)[1] >= MANY:
        yield Finding("warning", task.id, f"{cut} of {rows} answers were cut at the limit{tokens}", more)
    if prompts := _prompts(answers):
        characters = sum(answer.prediction.cut_characters for answer in answers)
        what = f"{prompts} of {rows} questions were cut to fit the model, by {characters:,} characters in all"
        yield Finding(
            "warning", task.id, what, "use a larger window (--window N) or fewer shots (--protocol P:shots=N)"
        )
    if short := sum(answer.prediction.dropped_shots > 0 for answer in answers):
        what = f"{short} of {rows} prompts have fewer shots than the protocol asks for"
        yield Finding("note", task.id, what, "compare with models that had the same shots only")
