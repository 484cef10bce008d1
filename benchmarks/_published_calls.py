"""How the published scorers call their libraries, written from the description of what they do: the baseline."""

from __future__ import annotations

import warnings
from typing import Any

import jieba
import pandas
from janome.tokenizer import Tokenizer
from nltk.tokenize import word_tokenize
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge import Rouge

jieba.setLogLevel(60)


def segment(text: str, language: str) -> list[str]:
    if language == "zh":
        return list(jieba.cut(text))
    if language == "ja":
        return [token.surface for token in Tokenizer().tokenize(text)]  # a new tokenizer for every call
    return list(word_tokenize(text))


def bleu1(candidate: str, reference: str, language: str) -> float:
    if language == "ja":  # one tokenizer serves both texts
        tokenizer = Tokenizer()
        tokens = [[token.surface for token in tokenizer.tokenize(text)] for text in (candidate, reference)]
    else:
        tokens = [segment(text, language) for text in (candidate, reference)]
    smoothing = SmoothingFunction().method1
    return float(sentence_bleu([tokens[1]], tokens[0], weights=(1, 0, 0, 0), smoothing_function=smoothing))


def rouge(candidate: str, reference: str, language: str) -> float:
    if language == "ja":
        tokenizer = Tokenizer()
        candidate, reference = (
            " ".join(token.surface for token in tokenizer.tokenize(text)) for text in (candidate, reference)
        )
    elif language == "zh":
        candidate, reference = (" ".join(jieba.cut(text)) for text in (candidate, reference))
    return float(Rouge().get_scores(candidate, reference)[0]["rouge-l"]["f"])


def entity_f1(frame: pandas.DataFrame, tasks: list[str]) -> dict[str, float]:
    """Rows by position out of ``iterrows``, then one pass over all of them for every task."""
    warnings.simplefilter("ignore", FutureWarning)
    rows = []
    for _, row in frame.iterrows():
        rows.append([row[0], row[1], row[2], row[3]])

    def entities(text: str) -> set[str]:
        text = text.replace(".", "").strip().lower()
        return set() if text == "there is no related enetity" else set(text[:-1].split(", "))

    scores = {}
    for task in tasks:
        tp = fp = fn = 0
        for task_id, _, reference, output in rows:
            if task_id == task and isinstance(output, str):
                wanted, given = entities(reference), entities(output)
                tp += len(wanted & given)
                fp += len(given - wanted)
                fn += len(wanted - given)
        precision = tp / (tp + fp) if tp + fp else 0
        recall = tp / (tp + fn) if tp + fn else 0
        scores[task] = 100 * (2 * precision * recall / (precision + recall)) if precision + recall else 0.0
    return scores


def letter_accuracy(frame: pandas.DataFrame, tasks: list[str]) -> dict[str, float]:
    """A scan of the whole frame by ``iloc`` for every task."""

    def correct(row: Any, valid: str) -> bool:
        given = str(row["output"]).lower().replace("the right answer is", "").strip()
        wanted = str(row["GT"]).lower().replace("the right answer is", "").strip()
        return given[0] in valid and wanted[0] in valid and given[0] == wanted[0]

    scores = {}
    for task in tasks:
        right = count = 0
        for place in range(len(frame)):
            if frame.iloc[place]["task_id"] == task:
                count += 1
                right += correct(frame.iloc[place], "yn" if task == "task123" else "abcd")
        scores[task] = 100 * right / count if count else 0
    return scores
