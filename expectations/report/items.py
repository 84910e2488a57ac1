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
from expectations.report.model import Audience, CheckLine, Item, Safe

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
            examined=c.element_count,
            violations=c.unexpected_count,
            not_applicable=c.missing_count,
            audience=c.audience,
        )
        for v in validations
        for c in v.checks
    )


def check_items(validation: Validation) -> tuple[Item, ...]:
    """Return items for the report: a family of checks in one, the others one each.

    What failed is always an item of its own, in counts for the Department's edition.
    """
    for_recipient = validation.suite in RECIPIENT_SUITES
    grouped: dict[str, list[CheckResult]] = {}
    for check in validation.checks:
        grouped.setdefault(_family(check), []).append(check)
    items: list[Item] = []
    for title, members in grouped.items():
        good = [c for c in members if c.success]
        both = for_recipient and members[0].audience == "both"
        audience: Audience = "both" if both else "department"
        items += [_failed(c, audience) for c in members if not c.success]
        if good:
            detail = f"{len(good)} checks" if len(good) > 1 else ""
            lead = good[0]
            section = next((c.section for c in good if c.section), "")
            items.append(
                Item(
                    text=title, section=section, source=lead.basis, detail=detail, audience=audience
                )
            )
    return tuple(items)


def _family(check: CheckResult) -> str:
    return next((words for pattern, words in _FAMILIES if pattern.search(check.id)), check.title)


def _failed(check: CheckResult, audience: Audience) -> Item:
    status = "fail" if check.severity == "critical" else "warn"
    return Item(text=f"Not so: {check.title[0].lower()}{check.title[1:]}", status=status, section=check.section,
                source=check.basis, audience=audience)  # fmt: skip


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
