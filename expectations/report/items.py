"""What a report lists: one line for each check, the Safe data items, and the Five Safes.

Checks that say the same of many columns (supplied values, code lists) become one item. Project, people and
settings are judged elsewhere (the gate, the keys); their items come as they are. What the recipient owes afterwards
is added here, with its section, as information.
"""

import re
from collections.abc import Sequence

from expectations.checks import CheckResult, Validation
from expectations.report.editions import RECIPIENT_SUITES
from expectations.report.model import Audience, CheckLine, Item, Safe

# (which checks, what they say together). A check that fits none is an item of its own.
_FAMILIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\.supplied_\w+_equal\Z"),
        "Every supplied value is the intake file's own, row by row",
    ),
    (
        re.compile(r"^(?:de)?identified\.\w+_known\Z"),
        "Every coded value is in the system's code lists",
    ),
    (re.compile(r"^aggregated\.\w+_known\Z"), "Every dimension holds only listed values"),
    (
        re.compile(r"\.\w+_coarse\Z"),
        "Every generalised date is as coarse as the rules of the system say",
    ),
    (re.compile(r"^aggregated\.\w+_adds_up\Z"), "Published parts add up to published totals"),
    (
        re.compile(r"^(?:de)?identified\.\w+_after_issue\Z"),
        "No date of an order lies before its issue",
    ),
    (
        re.compile(r"\.no_(?:ssn|licence|phone|email|record_number|long_numbers)\Z"),
        "No value looks like a social security, licence, telephone or record number or an e-mail address",
    ),
    (
        re.compile(r"_steady_release\Z"),
        "Categories are distributed as in the project's last release",
    ),
    (
        re.compile(r"_steady_register\Z"),
        "Categories are distributed as in the register's orders in scope",
    ),
    (
        re.compile(r"^register\.\w+\."),
        "Keys, references, code lists and dates of the register hold",
    ),
)


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

_OWED: tuple[tuple[str, str], ...] = (
    ("Use only for the purposes of the application", "§ 964(a)"),
    ("No transfer to anybody else without written approval and authority in law", "§ 964(c)"),
    ("Publish only aggregates in which no category stands for fewer than {threshold} individuals", "§ 964(d)-(f)"),
    ("Send the complete draft ten business days before any publication", "§ 964(g)"),
    ("Report a breach at once", "§ 964(k)(1)"),
    ("Report completion within 30 days, with the certificate of destruction", "§§ 964(l), 967(a)"),
)  # fmt: skip
_OWED_AGGREGATED: tuple[tuple[str, str], ...] = (
    ("Do not try to undo the suppression, or to identify anybody", "§ 964(e)"),
    ("Do not sell the data; reports that rest on it may be sold", "§ 964(i)"),
)


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
    if owed is None:
        owed = _OWED_AGGREGATED if kind == "aggregated" else _OWED
    duty = Item(text="", status="info", detail="Recipient's duty")
    duties = [
        duty.model_copy(update={"text": text.format(threshold=threshold), "section": section})
        for text, section in owed
    ]
    return (
        Safe(name="project", items=tuple(project)),
        Safe(name="people", items=tuple(people)),
        Safe(name="settings", items=tuple(settings)),
        Safe(name="data", items=tuple(data)),
        Safe(name="outputs", items=(*outputs, *duties)),
    )
