"""From a validation to the report: one line for each check, and the Safe data items.

Checks that say the same of many columns (supplied values, code lists) become one item.
"""

import re

from expectations.checks import CheckResult, Validation
from expectations.report.editions import TOLD
from expectations.report.model import Audience, CheckLine, Item

# (which checks, what they say together). A check that fits none is an item of its own.
_FAMILIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\.supplied_\w+_equal$"),
        "Every supplied value is the intake file's own, row by row",
    ),
    (
        re.compile(r"^(?:de)?identified\.\w+_known$"),
        "Every coded value is in the system's code lists",
    ),
    (re.compile(r"^aggregated\.\w+_known$"), "Every dimension holds only listed values"),
    (
        re.compile(r"\.\w+_coarse$"),
        "Every generalised date is as coarse as the rules of the system say",
    ),
    (re.compile(r"^aggregated\.\w+_adds_up$"), "Published parts add up to published totals"),
    (
        re.compile(r"^(?:de)?identified\.\w+_after_issue$"),
        "No date of an order lies before its issue",
    ),
    (
        re.compile(r"\.no_(?:ssn|licence|phone|email|record_number|long_numbers)$"),
        "No value looks like a social security, licence, telephone or record number or an e-mail address",
    ),
    (
        re.compile(r"_steady_release$"),
        "Categories are distributed as in the project's last release",
    ),
    (
        re.compile(r"_steady_register$"),
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
    told = validation.suite in TOLD
    grouped: dict[str, list[CheckResult]] = {}
    for check in validation.checks:
        grouped.setdefault(_family(check), []).append(check)
    items: list[Item] = []
    for title, members in grouped.items():
        good = [c for c in members if c.success]
        audience: Audience = "both" if told and members[0].audience == "both" else "department"
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
