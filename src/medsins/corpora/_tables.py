"""The catalogue's table of corpora and the page ``docs/corpora.md``, made from the corpus modules.

    python -m medsins.corpora._tables --write

writes ``catalog/data/corpora.csv`` and ``docs/corpora.md`` of the checkout it runs in.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from medsins.catalog import article_corpora, tasks
from medsins.catalog._corpora import BETWEEN

from ._base import Corpus, Verified
from ._registry import corpus_names, load_corpus

MARKS: dict[Verified, str] = {
    "real data": "verified against real data",
    "published samples": "verified against published samples",
    "format only": "format only",
}

INTRO = """\
# Source corpora

MedS-Ins and MedS-Bench are built from source corpora that everybody obtains from their owners. One module reads each of
them, from the files as their owner publishes them:

```console
$ medsins corpora list --access open
$ medsins corpora show meqsum
$ medsins corpora build meqsum --raw MeQSum -o tasks
```

A build writes, for each task, `<task_id>.json` (the task file), `<task_id>.provenance.json` (SHA-256 of every raw file,
version of the converter, the choices made, counts, and where they differ from the published ones) and, where records
were dropped, `<task_id>.dropped.jsonl` (place and reason of each). The same command again leaves alone what is already
there and made from the same files in the same way; what was interrupted is made anew, the rest is kept. A corpus whose
task has no number of its own gives `task_<corpus>.json`.

**Splits.** `--split train|validation|test` takes the published split. Where a corpus has none, one instance in ten is
drawn for the test set, seeded (`--seed`), and equal inputs stay on one side. Without `--split` everything goes into one
file, each instance saying its published split.

**Terms.** Licence, terms of access, agreement and Data Use Ontology terms go into every task file and its provenance.
A model on another machine is refused everything that is `credentialed`.

**The empty answer.** The released NER files misspell the answer to a sentence without entity (`enetity`), and the
published scorer compares with that spelling; the published converter spells it right. `--empty-answer` chooses.

**Bad input.** A missing, damaged, re-encoded or older file is refused with the file and the release that is expected,
what was found, and where to get it.

This page is made by `python -m medsins.corpora._tables --write` from the corpus modules.

## Adding a corpus

A corpus whose files have a common shape needs no code: see [importing.md](importing.md). For any other, a file
`corpora/<name>.py` is the corpus `<name>`:

- `CORPUS = Corpus(…)` holds the facts: title, licence, terms, release, the files it looks for, how to get them, its
  tasks, and what is inferred. A task that is not in the catalogue gets its card in `own_tasks`.
- `read(raw, options)` yields one record for each raw record: `made(task_id, input, output, split=…, place=…)`, or
  `dropped(task_id, reason, place=…)`. `raw.file("name.csv").rows("id", "text")` and its like open what is there, packed
  or not, and refuse what is not as it should be, with line and release.
- Small invented files in the published format go to `tests/corpora/fixtures/<name>`, with a test of what they become;
  the damage test and the contract test find the corpus by themselves.
- `python -m medsins.corpora._tables --write` brings the catalogue and this page up to date.

A corpus of another package is an entry point of the group `medsins.corpus` with the same two names.
"""

COLUMNS = (
    "name",
    "title",
    "known_as",
    "access",
    "licence",
    "agreement",
    "duo",
    "may_leave",
    "url",
    "languages",
    "release",
    "tasks",
    "on_request",
    "verified",
    "inferred",
)


def own_corpora() -> list[Corpus]:
    """Every corpus of this package, by name."""
    corpora: list[Corpus] = []
    for name in corpus_names():
        module = load_corpus(name)
        if module.__name__.startswith(__package__ or ""):
            corpora.append(module.CORPUS)
    return corpora


def table() -> str:
    """The catalogue's table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for corpus in own_corpora():
        writer.writerow([_cell(getattr(corpus, column)) for column in COLUMNS])
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return BETWEEN.join(value) if isinstance(value, tuple) else str(value)


def page() -> str:
    """``docs/corpora.md``."""
    corpora = own_corpora()
    return "\n".join([INTRO, *_tasks_table(corpora), *_article_table(corpora), *_details(corpora)])


def _mark(corpus: Corpus, task_id: str) -> Verified:
    return corpus.task_verified.get(task_id, corpus.verified)


def _tasks_table(corpora: list[Corpus]) -> Iterator[str]:
    yield "## Corpora and tasks"
    yield ""
    yield (
        "*Verified against real data*: built from the owner's files and compared with known instances or counts. "
        "*Verified against published samples*: compared with single published records. *Format only*: read from the "
        "documented format and tried on invented files of that format. Tasks in brackets are built only when named "
        "with `--task`."
    )
    yield ""
    yield "| corpus | access | licence | " + " | ".join(MARKS.values()) + " |"
    yield "|---|---|---|" + "---|" * len(MARKS)
    for corpus in corpora:
        cells = [", ".join(_names(corpus, mark)) for mark in MARKS]
        yield f"| [`{corpus.name}`](#{corpus.name}) {corpus.title} | {corpus.access} | {corpus.licence} | " + (
            " | ".join(cells) + " |"
        )
    yield ""


def _names(corpus: Corpus, mark: Verified) -> Iterator[str]:
    for task in corpus.all_tasks:
        if _mark(corpus, task) == mark:
            yield task if task in corpus.tasks else f"({task})"


def _article_table(corpora: list[Corpus]) -> Iterator[str]:
    readers: dict[str, list[str]] = {}
    made = {task for corpus in corpora for task in corpus.all_tasks}
    for corpus in corpora:
        for name in corpus.known_as:
            readers.setdefault(name, []).append(f"`{corpus.name}`")
    yield "## The article's 58 corpora"
    yield ""
    yield "| in the article | read by |"
    yield "|---|---|"
    for name in article_corpora():
        yield f"| {name} | {', '.join(readers.get(name, ['no reader yet']))} |"
    yield ""
    without = [task for task in tasks() if task not in made]
    if without:
        yield (
            f"Task ids that no reader writes: {', '.join(without)}. Which corpus has which of task69 to task71 and of "
            "task101 to task105 is not published, so their corpora write `task_<corpus>`; the corpus of task132 to "
            "task136 is not known."
        )
        yield ""


def _details(corpora: list[Corpus]) -> Iterator[str]:
    yield "## Each corpus"
    yield ""
    for corpus in corpora:
        yield f"### {corpus.name}"
        yield ""
        yield f"[{corpus.title}]({corpus.url}). Expected: {corpus.release}. To obtain it: {corpus.how_to_get}."
        terms = [f"Access: {corpus.access}; licence: {corpus.licence}"]
        if corpus.agreement:
            terms.append(f"agreement: <{corpus.agreement}>")
        if corpus.duo:
            terms.append(", ".join(corpus.duo))
        if not corpus.may_leave:
            terms.append("the text must not leave the licensee's machines")
        yield "; ".join(terms) + "."
        yield ""
        settings = [f"`--set {name}={'|'.join(values)}`" for name, values in corpus.settings.items()]
        if settings:
            yield f"Settings (first value: default): {', '.join(settings)}."
            yield ""
        if corpus.inferred:
            yield "Not stated by a source, hence inferred:"
            yield ""
            yield from (f"- {sentence}" for sentence in corpus.inferred)
            yield ""


def main() -> None:
    """Print the page, or write table and page into the checkout."""
    if "--write" not in sys.argv:
        sys.stdout.write(page())
        return
    package = Path(__file__).resolve().parents[1]
    (package / "catalog" / "data" / "corpora.csv").write_text(table(), encoding="utf-8")
    (package.parents[1] / "docs" / "corpora.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
