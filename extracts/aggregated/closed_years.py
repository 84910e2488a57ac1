"""Late records and a closed year: what was published is revised only where no small group shows.

Whoever holds both tables subtracts them. A revision therefore keeps the published pattern, adds
records and takes none away, and is made only where every change of a published cell, margins
included, stands for the threshold of persons at least, and where the table of differences, taken as
if it were published itself, passes the audit. Else the year stays as it was published.

Why the same pattern: the hidden values of the old table, those of the new one and those of the
differences then obey the same equations, each with right-hand sides of its own, so that any fit of
the old table and any fit of the differences together make a fit of the new one. What each of the
three audits leaves open therefore stays open to an attacker who has all three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from extracts import suppression as sdc
from extracts.errors import HistoryUnreadableError

How = Literal["unchanged", "revised", "frozen"]
Reason = Literal[
    "none",
    "policy",
    "other-table",
    "withdrawn",
    "small-group",
    "small-cell",
    "derivable",
    "pattern",
    "unproven",
    "method",
    "perturbed",
]
Labels = tuple[str, ...]
Pair = tuple[int, int]  # as published, as counted now

REASONS: Mapping[Reason, str] = {
    "none": "",
    "policy": "the setting late_records freezes closed years",
    "other-table": "another table of the year has gone out, too",
    "withdrawn": "records of the year were withdrawn or moved, not only added",
    "small-group": "a change stands for fewer persons than the threshold",
    "small-cell": "a published cell stands for fewer persons than the threshold now",
    "derivable": "a small change follows from the differences of margins",
    "pattern": "the published pattern does not protect the new values",
    "unproven": "the audit has no proof",
    "method": "it was protected by another method than the settings name",
    "perturbed": "a second version would have other noise, and both together less",
}


@dataclass(frozen=True)
class Change:
    """One published cell whose true values are others now."""

    labels: Labels
    counts: Pair
    persons: Pair

    @property
    def more(self) -> Pair:
        """Records and persons that came."""
        return self.counts[1] - self.counts[0], self.persons[1] - self.persons[0]


@dataclass(frozen=True, eq=False)
class ClosedYear:
    """What becomes of one year that was published before.

    Attributes:
        how: ``unchanged``, ``revised`` or ``frozen`` (as it was published).
        reason: why it is frozen.
        table: what goes out.
        changes: published cells whose true values are others now.
        report: the audit of a revised table, None otherwise.
    """

    how: How
    reason: Reason
    table: sdc.PublishedTable
    changes: tuple[Change, ...] = ()
    report: sdc.AuditReport | None = None


def closed_year(
    versions: Sequence[sdc.PublishedTable],
    now: sdc.CellTable,
    policy: sdc.SuppressionPolicy,
    *,
    alone: bool = True,
    revise: bool = True,
) -> ClosedYear:
    """Decide what of a published year goes out.

    Args:
        versions: every version of the year that was ever published with these dimensions and scope.
        now: the true values of the year.
        policy: the rule.
        alone: whether nothing else of the year was published.
        revise: whether policy lets a closed year be revised at all.

    Raises:
        HistoryUnreadableError: the versions contradict the rule by which each was made.
    """
    last = newest(versions)
    changes = _changes(last, now)
    if not changes:
        return ClosedYear("unchanged", "none", last)
    reason: Reason = "none" if alone else "other-table"
    if not revise:
        reason = "policy"
    for version in versions:
        reason = _shown(version, now, policy) if reason == "none" else reason
    report = None
    if reason == "none":
        try:
            reason, report = _attacked(versions, last, now, policy)
        except (sdc.AuditInfeasibleError, sdc.AuditUnsolvedError):
            reason = "unproven"
    if reason != "none" or report is None:
        return ClosedYear("frozen", reason, last, changes)
    return ClosedYear("revised", "none", renewed(last, now), changes, report)


def newest(versions: Sequence[sdc.PublishedTable]) -> sdc.PublishedTable:
    """The version that no other exceeds: revisions add records, whatever releases are called.

    Raises:
        HistoryUnreadableError: there is none, or versions differ in their pattern.
    """
    found = max(versions, key=lambda t: sum(r.count or 0 for r in t.rows))
    top = {row.labels: row for row in found.rows}
    for row in (row for version in versions for row in version.rows):
        other = top.get(row.labels)
        if (
            other is None
            or (row.count is None) != (other.count is None)
            or (row.count or 0) > (other.count or 0)
        ):
            raise HistoryUnreadableError(versions_of_one_year=len(versions))
    return found


def renewed(published: sdc.PublishedTable, now: sdc.CellTable) -> sdc.PublishedTable:
    """The true values of now under the pattern of what was published."""
    true = true_values(now)
    rows = tuple(
        row if row.count is None else sdc.PublishedRow(row.labels, *true[row.labels])
        for row in published.rows
    )
    return replace(published, rows=rows)


def differences(published: sdc.PublishedTable, now: sdc.CellTable) -> sdc.PublishedTable:
    """What anybody can subtract: records that came, hidden where the table is."""
    true = true_values(now)
    rows = tuple(
        sdc.PublishedRow(r.labels, None if r.count is None else true[r.labels][0] - r.count)
        for r in published.rows
    )
    return replace(published, rows=rows, has_persons=False)


def true_values(now: sdc.CellTable) -> dict[Labels, Pair]:
    """Records and persons of each cell, by its labels."""
    pairs = zip(now.counts.ravel().tolist(), now.people.ravel().tolist(), strict=True)
    return dict(zip(now.labels(), pairs, strict=True))


def _changes(published: sdc.PublishedTable, now: sdc.CellTable) -> tuple[Change, ...]:
    true = true_values(now)
    found: list[Change] = []
    for row in published.rows:
        if row.count is None:
            continue
        count, people = true[row.labels]
        before = row.persons if published.has_persons and row.persons is not None else row.count
        if (row.count, before) != (count, people):
            found.append(Change(row.labels, (row.count, count), (before, people)))
    return tuple(found)


def _shown(
    published: sdc.PublishedTable, now: sdc.CellTable, policy: sdc.SuppressionPolicy
) -> Reason:
    """What the published cells alone say against a revision."""
    true = true_values(now)
    more = [change.more for change in _changes(published, now)]
    if any(records < 0 or persons < 0 for records, persons in more):
        return "withdrawn"
    if policy.least and any(r.count is None and true[r.labels][0] == 0 for r in published.rows):
        return "withdrawn"  # a hidden cell would no longer hold somebody, as every reader knows it does
    if any(min(records, persons) < policy.threshold for records, persons in more):
        return "small-group"
    shown = [true[r.labels][1] for r in published.rows if r.count is not None]
    small = [p for p in shown if p < policy.threshold and (p > 0 or not policy.least)]
    return "small-cell" if small else "none"


def _discloses(fall: sdc.Fall, shown: sdc.PublishedTable, policy: sdc.SuppressionPolicy) -> bool:
    """Whether a hidden difference that the audit got back says something of a small group.

    No change at all (0 to 0) says nothing of anybody. A cell that took the whole change of a published margin stands for the
    persons who came to that margin, and those are enough; so does a margin that changed by what a published part of it did.
    """
    if fall.how not in ("exact", "below") or fall.high == 0:
        return False
    if fall.how == "below" or fall.low < policy.threshold:
        return True
    return not any(
        row.count == fall.low
        and (_lies_in(shown, fall.labels, row.labels) or _lies_in(shown, row.labels, fall.labels))
        for row in shown.rows
    )


def _lies_in(table: sdc.PublishedTable, labels: Labels, others: Labels) -> bool:
    """Whether a cell is another one, or a part of it."""
    named = zip(table.dims, labels, others, strict=True)
    return all(other in _above(table, name, label) for name, label, other in named)


def _above(table: sdc.PublishedTable, name: str, label: str) -> set[str]:
    """A level and everything that it lies in."""
    parents, found = table.parents.get(name, {}), {label, sdc.TOTAL}
    while label in parents and parents[label] not in found:
        label = parents[label]
        found.add(label)
    return found


def _attacked(
    versions: Sequence[sdc.PublishedTable],
    last: sdc.PublishedTable,
    now: sdc.CellTable,
    policy: sdc.SuppressionPolicy,
) -> tuple[Reason, sdc.AuditReport | None]:
    """Attack the differences to every version, then the new table alone."""
    for version in versions:
        shown = differences(version, now)
        found = sdc.audit_table(shown, threshold=policy.threshold, zeros="hidden")
        if any(_discloses(fall, shown, policy) for fall in found.falls):
            return "derivable", None
    shown = renewed(last, now)
    report = sdc.audit_table(
        shown,
        threshold=policy.threshold,
        zeros=policy.zeros,
        **sdc.proofs_of_pattern(now, shown, policy),
    )
    return ("none", report) if report.holds else ("pattern", None)
