"""The card of a task file: definition, category, languages, domain from the catalogue; source and terms of access from
the corpus, which travel with the file.
"""

from __future__ import annotations

from medsins.catalog import find_task, task_definition
from medsins.core import Card

from ._base import Corpus


def card_of(corpus: Corpus, task_id: str) -> Card:
    """The card of one of the corpus's tasks."""
    entry, own = find_task(task_id), corpus.own_tasks.get(task_id)
    if own:
        categories: tuple[str, ...] = (own.category,)
        definition, domain = own.definition, own.domain
        languages = (own.input_language, own.output_language)
    elif entry:
        categories = tuple(dict.fromkeys(name for name in (entry.bench_category, entry.category) if name))
        definition, domain = task_definition(task_id, entry.scored_as), entry.domain
        languages = (entry.input_language, entry.output_language)
    else:
        raise KeyError(f"{corpus.name} makes {task_id}, which neither the catalogue nor its own_tasks describe")
    reads, writes = (name or corpus.languages[0] for name in languages)
    return Card(
        contributors=(corpus.title,),
        source=(corpus.title,),
        url=(corpus.url,),
        categories=categories,
        definition=(definition,),
        input_language=_names(reads),
        output_language=_names(writes),
        instruction_language=("English",),
        domains=(domain,) if domain else (),
        extra=_terms(corpus),
    )


def _names(languages: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in languages.split(","))


def _terms(corpus: Corpus) -> dict[str, object]:
    """What may be done with the text. ``Access`` is what backends are refused by."""
    terms: dict[str, object] = {"Access": corpus.access, "License": corpus.licence, "May_leave": corpus.may_leave}
    if corpus.agreement:
        terms["Agreement"] = corpus.agreement
    if corpus.duo:
        terms["DUO"] = list(corpus.duo)
    return terms
