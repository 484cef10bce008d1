"""Two hundred texts that try to become more than text, and a board that has them in every field."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from medsins.leaderboard.interface import NewSubmission, Quota, Store
from medsins.leaderboard.records import Item, ModelCard, Published, Scores, Team, Version, VersionTask

from .seeded import START

MANY = Quota(limit=10_000)

_VECTORS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert`1`>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>x",
    "<a href=javascript:alert(1)>x</a>",
    "<form action=javascript:alert(1)><input>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<math><a xlink:href=javascript:alert(1)>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<meta http-equiv=refresh content=0;url=/evil>",
    "<link rel=stylesheet href=/evil>",
    "<style>*{background:url(/evil)}</style>",
    "<base href=/evil/>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<select autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>x",
    "javascript:alert(1)",
    "{{7*7}}{% include '/etc/passwd' %}",
)
_WAYS = (
    "{}",
    "\"'>{}",
    "</title></style></textarea></script>{}",
    "--><!-- {} -->",
    "]]>{}<![CDATA[",
    "' autofocus onfocus=alert(1) x='{}",
    "\u2028{}\u202e",
    "%3C{}&lt;",
)

PAYLOADS = tuple(way.format(vector) for way in _WAYS for vector in _VECTORS)
assert len(PAYLOADS) == len(set(PAYLOADS)) == 200


def hostile(store: Store) -> None:
    """A board of 200 models: each name, team, task and reason is a payload, every other text is ten of them."""
    tasks = (
        VersionTask("</script><task>", "MCQA", "English", "d", 1, 0, " ".join(PAYLOADS)),
        VersionTask("t2", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "e", 1, 0, ""),
    )
    items = [Item(i, task.task_id, "i", "open", "q", ("a",)) for i, task in enumerate(tasks)]
    store.add_version(Version("evil@1", PAYLOADS[0], START, None, tasks, " ".join(PAYLOADS), "d"), items, PAYLOADS[1])
    for number, payload in enumerate(PAYLOADS):
        store.add_team(Team(f"team{number}", f"{payload} {number}", "contact"), "tester")
        text = " ".join(PAYLOADS[number % 20 * 10 :][:10])
        card = ModelCard(f"m{number}", f"team{number}", payload, 1.0, "open", text, text, text)
        intake: dict[str, Any] = {text[:40]: text, "rows": 2}
        new = NewSubmission(
            "evil@1", card, card.team, "csv", text[:64], intake, {"protocol": text, text[:30]: text}, ("A", text)
        )
        submission = store.submit(new, MANY).id
        job = store.lease("tester", 60)
        assert job is not None
        document, at = _document(text, 100.0 * number / 200), START + timedelta(hours=number)
        shown = Published("evil@1", card.id, submission, "open", document, at, 1, text)
        store.finish(
            job, [Scores(submission, "open", "d", "m", document, (), at)], [shown], [(payload[:30], {text[:30]: text})]
        )
        if number % 50 == 49:
            store.withdraw(submission, text[:300], "tester")


def _document(text: str, value: float) -> dict[str, Any]:
    def entry(task: str) -> dict[str, Any]:
        return {
            "category": "MCQA",
            "language": text[:60],
            "primary": "accuracy",
            "rows": 1,
            "metrics": {"accuracy": value, text[:50]: 1.0},
            "ci95": {"accuracy": [value, value]},
            "unscored": {text[:40]: 3},
        }

    profile = {"signature": text, "tasks": {"</script><task>": entry("a")}, "categories": {"MCQA": entry("b")}}
    return {
        "format": 1,
        "source": text,
        "rows": 2,
        "notes": [text],
        "profiles": {"strict": profile, "official": profile},
    }
