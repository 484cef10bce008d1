"""What the board should hold, told by its audit log alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .records import Entry

Things = dict[Any, dict[str, Any]]
"""Rows of a table by their key, with the columns that the log tells of."""


@dataclass(slots=True)
class Replay:
    """Fed with entries in their order, it holds what they lead to."""

    versions: Things = field(default_factory=dict)
    teams: Things = field(default_factory=dict)
    tokens: Things = field(default_factory=dict)
    models: Things = field(default_factory=dict)
    submissions: Things = field(default_factory=dict)
    published: Things = field(default_factory=dict)
    flags: Things = field(default_factory=dict)
    jobs: Things = field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        """Take one entry.

        Raises:
            LookupError, TypeError, ValueError: the entry tells of something that cannot be.
        """
        handler = getattr(self, "_" + entry.action.replace(".", "_"), None)
        if handler is None:
            raise ValueError(f"no such action: {entry.action}")
        handler(entry.subject, entry.detail)

    def _version_add(self, key: str, detail: Mapping[str, Any]) -> None:
        self.versions[key] = dict(detail)

    def _version_amend(self, key: str, detail: Mapping[str, Any]) -> None:
        if self.versions[key]["digest"] != detail["before"]:
            raise ValueError(f"it amends {detail['before'][:12]}, which the version was not")
        self.versions[key].update({name: detail[name] for name in ("digest", "rows", "tasks", "items")})
        for number, submission in detail["jobs"]:
            self._add_job(number, submission, "rescore")

    def _version_close(self, key: str, detail: Mapping[str, Any]) -> None:
        self.versions[key]["until"] = detail["until"]

    def _team_add(self, key: str, detail: Mapping[str, Any]) -> None:
        self.teams[key] = dict(detail)

    def _team_ban(self, key: str, detail: Mapping[str, Any]) -> None:
        self.teams[key]["banned"] = True
        for token in self.tokens.values():
            token["revoked"] |= token["team"] == key
        for submission in self.submissions.values():
            submission["hidden"] |= submission["team"] == key and submission["state"] != "withdrawn"

    def _token_add(self, key: str, detail: Mapping[str, Any]) -> None:
        self.tokens[key] = {**detail, "revoked": False}

    def _token_revoke(self, key: str, detail: Mapping[str, Any]) -> None:
        self.tokens[key]["revoked"] = True

    def _submission_add(self, key: str, detail: Mapping[str, Any]) -> None:
        columns = {name: detail[name] for name in ("version", "model", "team", "attempt", "kind", "sha256", "answers")}
        self.submissions[key] = {**columns, "state": "queued", "hidden": False, "scores": {}}
        self.models[detail["model"]] = {"team": detail["team"], "card": detail["card"]}
        self._add_job(detail["job"], key, "score")

    def _submission_answers(self, key: str, detail: Mapping[str, Any]) -> None:
        change = {"answers": detail["answers"], "sha256": detail["sha256"], "state": "queued"}
        self.submissions[key].update(change)
        self._add_job(detail["job"], key, "score")

    def _submission_withdraw(self, key: str, detail: Mapping[str, Any]) -> None:
        self.submissions[key].update(state="withdrawn", answers="", scores={})
        self.published = {number: shown for number, shown in self.published.items() if shown["submission"] != key}
        for job in self.jobs.values():
            if job["submission"] == key and job["state"] in ("waiting", "leased"):
                job["state"] = "cancelled"
                job["fence"] += 1

    def _submission_hide(self, key: str, detail: Mapping[str, Any]) -> None:
        self.submissions[key]["hidden"] = True

    def _submission_restore(self, key: str, detail: Mapping[str, Any]) -> None:
        self.submissions[key]["hidden"] = False

    def _flag_add(self, key: str, detail: Mapping[str, Any]) -> None:
        self._add_flags(key, detail["flags"])

    def _flag_settle(self, key: str, detail: Mapping[str, Any]) -> None:
        self.flags[detail["flag"]]["settled"] = detail["verdict"]

    def _job_queue(self, key: str, detail: Mapping[str, Any]) -> None:
        for number, submission in detail["jobs"]:
            self._add_job(number, submission, detail["kind"])
            self._move(submission, ("failed",), "queued")

    def _job_lease(self, key: str, detail: Mapping[str, Any]) -> None:
        self.jobs[detail["job"]].update(state="leased", fence=detail["fence"], attempts=detail["attempt"])
        self._move(key, ("queued",), "scoring")

    def _job_finish(self, key: str, detail: Mapping[str, Any]) -> None:
        self.jobs[detail["job"]]["state"] = "done"
        self.submissions[key].update(state="scored", scores=dict(detail["scores"]))
        self._publish(key, detail)
        self._add_flags(key, detail["flags"])

    def _job_retry(self, key: str, detail: Mapping[str, Any]) -> None:
        self.jobs[detail["job"]]["state"] = "waiting" if detail["again"] else "failed"
        self._move(key, ("scoring",), "queued")

    def _job_fail(self, key: str, detail: Mapping[str, Any]) -> None:
        self.jobs[detail["job"]]["state"] = "failed"
        self._move(key, ("queued", "scoring"), "failed")

    def _publish(self, key: str, detail: Mapping[str, Any]) -> None:
        for number, submission, sha256 in detail["published"]:
            self.published[number] = {"submission": submission, "digest": sha256}

    def _move(self, key: str, before: tuple[str, ...], after: str) -> None:
        if self.submissions[key]["state"] in before:
            self.submissions[key]["state"] = after

    def _add_job(self, number: int | None, submission: str, kind: str) -> None:
        if number is not None:
            self.jobs[number] = {"submission": submission, "kind": kind, "state": "waiting", "fence": 0, "attempts": 0}

    def _add_flags(self, key: str, added: list[tuple[int, str]]) -> None:
        for number, kind in added:
            self.flags[number] = {"submission": key, "kind": kind, "settled": ""}
