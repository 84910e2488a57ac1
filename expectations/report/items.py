"""What a report lists: one line for each check, the Safe data items, and the Five Safes.

Checks that say the same of many columns (supplied values, code lists) become one item. Project, people and
settings are judged elsewhere (the gate, the keys); their items come as they are. What the recipient owes afterwards
is added here, with its section, as information.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from expectations.checks import CheckResult, Validation
from expectations.report.editions import RECIPIENT_SUITES
from expectations.report.model import Audience, CheckLine, Exempt, Item, Safe, Status

WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
_FAMILIES = [(re.compile(one["checks"]), str(one["words"])) for one in WORDS["family"]]


def check_lines(*validations: Validation) -> tuple[CheckLine, ...]:
    """Return the lines of the report for the checks of one or more suites."""
    return tuple(
        CheckLine(
            suite=v.suite,
            id=c.id,
            title=c.title,
            section=c.section,
            source=c.basis,
            severity=c.severity,
            holds=c.success,
            outcome=c.outcome,
            exempt=_exempt(c),
            examined=c.examined,
            violations=c.unexpected_count,
            not_applicable=c.missing_count,
            audience=c.audience,
        )
        for v in validations
        for c in v.checks
    )


def _exempt(check: CheckResult) -> tuple[Exempt, ...]:
    return tuple(Exempt(words=one.words, count=one.count) for one in check.exempt)


def check_items(validation: Validation) -> tuple[Item, ...]:
    """Return items for the report: a family of checks in one, the others one each.

    A sentence holds where each check that it speaks for does; one that had nothing to examine shows
    nothing.
    """
    grouped: dict[str, list[CheckResult]] = {}
    for check in validation.checks:
        grouped.setdefault(_family(check), []).append(check)
    items: list[Item] = []
    for title, members in grouped.items():
        both = validation.suite in RECIPIENT_SUITES and members[0].audience == "both"
        audience: Audience = "both" if both else "department"
        items.append(said_of(members, title).model_copy(update={"audience": audience}))
    return tuple(items)


def said_of(members: Sequence[CheckResult], title: str) -> Item:
    """Return the item that says this sentence of the checks that prove it (at least one), as they turned out."""
    failed = [c for c in members if c.outcome == "fails"]
    nothing = [c for c in members if c.outcome == "nothing"]
    lead = next((c for c in failed if c.severity == "critical"), (failed or members)[0])
    status: Status = "ok"
    if failed:
        status = "fail" if lead.severity == "critical" else "warn"
    elif len(nothing) == len(members):
        status = "none"
    return Item(
        text=f"Not so: {title[0].lower()}{title[1:]}" if failed else title,
        exempt=tuple(dict.fromkeys(e for c in members for e in _exempt(c))),
        status=status,
        section=lead.section or next((c.section for c in members if c.section), ""),
        source=lead.basis,
        detail=_detail(len(members), [c.title for c in failed], len(nothing)),
    )


def _detail(checks: int, failed: Sequence[str], nothing: int) -> str:
    if checks == nothing:
        return str(WORDS["statuses"]["none"])
    if checks == 1:
        return ""
    parts = [f"{checks} checks"]
    if failed:
        parts.append(f"{len(failed)} of them fail{'s' * (len(failed) == 1)}: {'; '.join(failed)}")
    if nothing:
        parts.append(f"{nothing} had nothing to examine")
    return ", ".join(parts)


def _family(check: CheckResult) -> str:
    return next((words for pattern, words in _FAMILIES if pattern.search(check.id)), check.title)


# -- the Five Safes: the caller's items, and the rules that bind every recipient


def five_safes(
    kind: str,
    *,
    project: Sequence[Item] = (),
    people: Sequence[Item] = (),
    settings: Sequence[Item] = (),
    data: Sequence[Item] = (),
    outputs: Sequence[Item] = (),
    threshold: int = 10,
    owed: Sequence[tuple[str, str]] | None = None,
) -> tuple[Safe, ...]:
    """Return the five, in their order; what the recipient owes is added to the outputs.

    ``owed`` says it, as (text, section), where another law than CARPOS's regulation governs.
    """
    own: Sequence[tuple[str, str]] = WORDS["owed"]["aggregated" if kind == "aggregated" else "rows"]
    duty = Item(text="", status="info", detail="Recipient's duty")
    duties = [
        duty.model_copy(update={"text": text.format(threshold=threshold), "section": section})
        for text, section in (own if owed is None else owed)
    ]
    return (
        Safe(name="project", items=tuple(project)),
        Safe(name="people", items=tuple(people)),
        Safe(name="settings", items=tuple(settings)),
        Safe(name="data", items=tuple(data)),
        Safe(name="outputs", items=(*outputs, *duties)),
    )
