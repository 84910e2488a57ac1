"""What a snapshot should be, beside the one before it: each rule, what it found, and whether that is within the limits.

A share is compared with what chance allows for besides (two standard errors of a difference), so that small tables don't
fail for a few rows. Numbers that few rows stand behind are not shown; the verdict is.
"""

import datetime as dt
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from systems.description import System
from systems.register.comparing import TableChanges
from systems.register.judging.profile import (
    FEW,
    ColumnProfile,
    Part,
    Profile,
    TableProfile,
    record_table,
)

RULES: dict[str, str] = json.loads(Path(__file__).with_name("rules.json").read_text("utf-8"))

_OF_YEARS = {"begins_later", "ends_earlier"}


@dataclass(frozen=True)
class Expectations:
    """How far a snapshot may be from the one before; units and reasons stand with the settings of ``[registers]``."""

    missing_tables: Literal["hold", "tell"] = "hold"
    fall_percent: float = 5.0
    growth_percent: float = 50.0
    table_fall_percent: float = 20.0
    vanished_percent: float = 1.0
    changed_percent: float = 20.0
    year_fall_percent: float = 5.0
    empty_points: float = 5.0
    code_points: float = 5.0
    range_years: int = 1
    silent_days: int = 60


class Finding(Part):
    """One thing that a rule found.

    Attributes:
        rule: its name in ``rules.json``.
        place: table, column and code, year, or what was counted.
        was, now: in the snapshot before and in this one: rows, percent, years, days, as the rule's words say.
        limit: from where on it fails.
        failed: whether it keeps the snapshot aside.
        hidden: few rows stand behind the numbers.
    """

    rule: str
    place: str
    was: float | None = None
    now: float | None = None
    limit: float | None = None
    failed: bool = False
    hidden: bool = False


def as_text(finding: Finding) -> str:
    """One sentence, without a number that few rows stand behind."""
    year = finding.rule in _OF_YEARS
    numbers = {
        name: "few" if finding.hidden and name != "limit" else _number(getattr(finding, name), year)
        for name in ("was", "now", "limit")
    }
    return RULES[finding.rule].format(place=finding.place, **numbers)


def few(count: int | None) -> str | int:
    """A count of rows as it may be shown."""
    return "" if count is None else f"<{FEW}" if 0 < count < FEW else count


def _number(value: float | None, year: bool) -> str:
    if value is None:
        return "nothing"
    return f"{value:.0f}" if year else f"{value:,.1f}".removesuffix(".0")


def find(
    system: System,
    now: Profile,
    was: Profile | None,
    records: TableChanges | None,
    limits: Expectations,
    on: dt.date,
    last_day: dt.date | None,
    *,
    synthetic: bool,
) -> tuple[Finding, ...]:
    """What there is to say of a snapshot, what fails first.

    Args:
        system: its description.
        now: its profile.
        was: that of the snapshot before; None where there is none.
        records: what became of that one's records.
        limits: how far it may be from it.
        on: the day of loading.
        last_day: day of the latest record.
        synthetic: made-up registers end with a full year: nothing is missing at their end.
    """
    found = list(_tables(system, now, was, limits))
    if was is not None:
        found += _totals(system, now, was, limits)
    if records is not None and records.before:
        found += _records(records, limits)
    found += _years(now, was, limits)
    if not synthetic and limits.silent_days and last_day is not None:
        silent, limit = (on - last_day).days, limits.silent_days
        if silent > limit:
            found.append(
                Finding(rule="silent", place="records", now=silent, limit=limit, failed=True)
            )
    for name, table in now.tables.items():
        if was is not None and (past := was.tables.get(name)) is not None:
            found += _columns(name, table, past, limits)
    return tuple(sorted(found, key=lambda one: not one.failed))


def _tables(
    system: System, now: Profile, was: Profile | None, limits: Expectations
) -> Iterator[Finding]:
    """Tables that are not there: a failure where the last snapshot had them, or where none can say."""
    for table in system.tables:
        past = was.tables.get(table.name) if was else None
        failed = limits.missing_tables == "hold" and (was is None or past is not None)
        here = now.tables.get(table.name)
        if here is None:
            rows, name = past.rows if past else None, table.name
            rule = (
                "missing_table" if past else "missing_described" if was is None else "still_missing"
            )
            yield Finding(rule=rule, place=name, was=rows, failed=failed, hidden=_small(rows))
            continue
        empty = [n for n, one in here.columns.items() if one.empty == here.rows]
        if empty and here.rows:
            yield Finding(rule="empty_columns", place=f"{table.name}: {', '.join(empty)}")


def _years(now: Profile, was: Profile | None, limits: Expectations) -> Iterator[Finding]:
    """Years that lost records, and years without any between others, where those have more than slips of a date."""
    sure = [year for year, records in now.years.items() if records >= FEW]
    for year in range(min(sure, default=0), max(sure, default=-1) + 1):
        if year not in now.years and not (was and was.years and year not in was.years):
            yield Finding(rule="year_without", place=str(year), failed=True)
    for year, past in (was.years if was else {}).items():
        here, limit = now.years.get(year, 0), limits.year_fall_percent
        if past - here > max(past * limit / 100, math.sqrt(past)):
            yield Finding(
                rule="year_fell", place=str(year), was=past, now=here, limit=limit, failed=True, hidden=_small(past, here),
            )  # fmt: skip


def _totals(system: System, now: Profile, was: Profile, limits: Expectations) -> Iterator[Finding]:
    """Records, entries and persons, and rows of each table, that became fewer or more."""
    counts = {n: (getattr(was, n), getattr(now, n)) for n in ("records", "entries", "persons")}
    own = {record_table(system)[0], system.linkage.person_table}
    rows = {
        name: (was.tables[name].rows, table.rows)
        for name, table in now.tables.items()
        if name in was.tables and name not in own
    }
    for named, fall in ((counts, limits.fall_percent), (rows, limits.table_fall_percent)):
        for place, (past, here) in named.items():
            hidden = _small(past, here)
            if past - here > past * fall / 100:
                yield Finding(
                    rule="fell", place=place, was=past, now=here, limit=fall, failed=True, hidden=hidden
                )  # fmt: skip
    for place, (past, here) in counts.items():
        if here - past > past * limits.growth_percent / 100:
            yield Finding(
                rule="grew", place=place, was=past, now=here, limit=limits.growth_percent, failed=True, hidden=_small(past, here),
            )  # fmt: skip


def _columns(
    table: str, now: TableProfile, was: TableProfile, limits: Expectations
) -> Iterator[Finding]:
    """Columns that are emptier or fuller, codes that are more or less frequent, dates that go less far."""
    for name, here in now.columns.items():
        past, place = was.columns.get(name), f"{table}.{name}"
        if past is None or not (now.rows and was.rows):
            continue
        counts = (past.empty, was.rows), (here.empty, now.rows)
        yield from _moved("empty_moved", place, *counts, limits.empty_points)
        yield from _range(place, here, past, limits)
        if past.codes is None or here.codes is None:
            continue
        filled = was.rows - past.empty, now.rows - here.empty
        for code in sorted(past.codes.keys() | here.codes.keys()) if all(filled) else ():
            shares = (past.codes.get(code, 0), filled[0]), (here.codes.get(code, 0), filled[1])
            yield from _moved("code_moved", f"{place} = {code}", *shares, limits.code_points)


def _moved(
    rule: str, place: str, was: tuple[int, int], now: tuple[int, int], limit: float
) -> Iterator[Finding]:
    """A share (rows, of so many) that moved by more percentage points than the limit and chance allow."""
    (few_then, then), (few_now, rows) = was, now
    shares, both = (few_then / then, few_now / rows), (few_then + few_now) / (then + rows)
    chance = 2 * math.sqrt(both * (1 - both) * (1 / then + 1 / rows))
    if abs(shares[0] - shares[1]) > limit / 100 + chance:
        past, here = (round(100 * share, 1) for share in shares)
        hidden = _small(few_then, few_now, then - few_then, rows - few_now)
        yield Finding(
            rule=rule, place=place, was=past, now=here, limit=limit, failed=True, hidden=hidden
        )


def _range(
    place: str, here: ColumnProfile, past: ColumnProfile, limits: Expectations
) -> Iterator[Finding]:
    for rule, then, now, lost in (
        ("begins_later", past.first, here.first, 1),
        ("ends_earlier", past.last, here.last, -1),
    ):
        if then is not None and now is not None and lost * (now - then) > limits.range_years:
            limit = limits.range_years
            yield Finding(rule=rule, place=place, was=then, now=now, limit=limit, failed=True)


def _records(changes: TableChanges, limits: Expectations) -> Iterator[Finding]:
    """Records of the snapshot before that are gone, or have other values."""
    for rule, count, limit in (
        ("vanished", changes.deleted, limits.vanished_percent),
        ("changed", changes.changed, limits.changed_percent),
    ):
        if (share := 100 * count / changes.before) > limit:
            yield Finding(
                rule=rule, place=changes.table, now=round(share, 1), limit=limit, failed=True, hidden=_small(count),
            )  # fmt: skip


def _small(*counts: int | None) -> bool:
    return any(count is not None and 0 < count < FEW for count in counts)
