"""What to look at: the few things of a release that are unusual, by the rules of ``attention.toml``.

Each rule measures one thing of what the stages recorded and says its worst case where it passes a limit. A rule stops nothing and
proves nothing: that is what checks are for. What was looked at and found usual is said, too.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from expectations.report import Notice
from pipelines.release.context import ReleaseContext
from pipelines.release.reporting.charts import missing_values, year_totals
from pipelines.release.reporting.drift import DriftComparison
from systems.description import Record
from systems.figures import percent

_MOST = 7  # notices: more than that nobody reads first
_FURTHEST = 5.0  # times a limit, beyond which more of it weighs no more
_GROUP_ROWS, _GROUP_PERSONS = 50, 100  # of groups whose shares chance does not make
_LEAST_COUNT = 100  # of a year that is compared


@dataclass(frozen=True)
class Material:
    """What the rules look at: facts of the stages, and what the release was compared with."""

    intake: Mapping[str, Any]
    match: Mapping[str, Any]
    review: Mapping[str, Any]
    extract: Mapping[str, Any]
    drift: DriftComparison
    warnings: tuple[str, ...]
    had: Mapping[str, int]
    years: Mapping[str, int | None]
    record: Record


@dataclass(frozen=True)
class Measured:
    """The worst case of a rule: its size, how it is written, and what its sentence needs; ``count`` of how many."""

    size: float
    count: int = 2
    words: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Attention:
    """What was found, the gravest first, and what was looked at and found usual."""

    notices: tuple[Notice, ...]
    usual: tuple[str, ...]


def attention(context: ReleaseContext, drift: DriftComparison) -> Attention:
    """Look at a release by every rule of its kind."""
    stages = ("intake", "match", "review", "extract")
    intake, match, review, extract = (cast("Mapping[str, Any]", context.facts(s)) for s in stages)
    warned = (
        check.title
        for validation in context.validations().values()
        for check in validation.warnings
        if not check.id.endswith(_STEADY)  # drift has a rule of its own
    )
    kind = context.order.kind
    material = Material(
        intake=intake,
        match=match,
        review=review,
        extract=extract,
        drift=drift,
        warnings=tuple(warned),
        had=_had(context) if kind == "deidentified" else {},
        years=year_totals(context) if kind == "aggregated" else {},
        record=context.approved.system.record,
    )
    return judged(kind, material)


def _had(context: ReleaseContext) -> dict[str, int]:
    """Values that each column had before suppression, of the rows that are released."""
    rows, missing = missing_values(context)
    return {name: rows - before for name, (before, _) in missing.items()}


def judged(kind: str, material: Material) -> Attention:
    """Apply the rules of a kind to what the stages recorded."""
    found: list[Notice] = []
    usual: list[str] = []
    for rule in rules():
        if kind not in rule.get("kinds", [kind]):
            continue
        measured = MEASURES[rule["measure"]](material)
        if measured is None or measured.size <= rule["limit"]:
            usual.append(rule["looked"])
            continue
        found.append(_notice(rule, measured))
    found.sort(key=lambda notice: -notice.weight)
    return Attention(tuple(found[:_MOST]), tuple(usual))


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """The rules, in the order of the file."""
    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["rule"])


def _notice(rule: Mapping[str, Any], measured: Measured) -> Notice:
    limit = float(rule["limit"])
    words = {
        "value": percent(measured.size),
        "points": f"{100 * measured.size:.1f} points",
        "limit": percent(limit),
        "count": f"{measured.count:,}",
        **(measured.words or {}),
    }
    text = rule["one"] if measured.count == 1 and "one" in rule else rule["text"]
    beyond = min(measured.size / limit, _FURTHEST) if limit else 1.0
    return Notice(
        text=text.format(**words),
        reason=rule["reason"].format(**words),
        place=rule["place"],
        weight=round(rule["weight"] * beyond, 3),
    )


# ------------------------------------------------------------------ each kind

_STEADY = ("_steady_release", "_steady_register")


def _warnings(m: Material) -> Measured | None:
    if not m.warnings:
        return None
    return Measured(len(m.warnings), len(m.warnings), {"first": m.warnings[0]})


def _moved(m: Material) -> Measured | None:
    moved = [one for one in m.drift.drifts if one.moved]
    if not moved:
        return None
    worst = max(moved, key=lambda one: one.distance - one.allowed)
    words = {"column": worst.column, "value": percent(worst.distance), "allowed": percent(worst.allowed)}  # fmt: skip
    return Measured(len(moved), len(moved), words)


def _nearly_moved(m: Material) -> Measured | None:
    near = [one for one in m.drift.drifts if not one.moved and one.allowed > 0]
    if not near:
        return None
    worst = max(near, key=lambda one: one.distance / one.allowed)
    words = {"column": worst.column, "value": percent(worst.distance), "allowed": percent(worst.allowed)}  # fmt: skip
    return Measured(worst.distance / worst.allowed, words=words)


# ------------------------------------------------------------------ identified


def _part(count: int, whole: int) -> Measured | None:
    return Measured(count / whole, count) if whole > 0 and count > 0 else None


def _doubtful_left_out(m: Material) -> Measured | None:
    left = int(m.review["left_out"])
    return _part(left, left + int(m.match["linked"]))


def _linked_worse(m: Material) -> Measured | None:
    found = [
        (float(group["missed"]) - _missed_of_all(m), column, str(group["group"]))
        for column, groups in m.match.get("groups", {}).items()
        for group in groups
        if group["rows"] >= _GROUP_ROWS
    ]
    if not found:
        return None
    more, column, group = max(found)
    return Measured(more, words={"group": group or "empty", "column": column.replace("_", " ")})


def _missed_of_all(m: Material) -> float:
    return float(m.match["expected"]["missed_match_rate"]["expected"])


def _at_most(rate: str) -> "Callable[[Material], Measured | None]":
    def measure(m: Material) -> Measured | None:
        settled = m.review.get("expected") or m.match.get("expected", {})
        expected = settled.get(rate)
        # Of a few links an interval is wide whatever they are: it is news where the estimate is high, too.
        if expected is None or expected["expected"] <= 0.25 * float(_limit_of(rate)):
            return None
        return Measured(float(expected["high"]))

    return measure


def _limit_of(rate: str) -> float:
    name = rate.partition("_")[0]
    return next(float(rule["limit"]) for rule in rules() if rule["measure"] == name)


def _held_back(m: Material) -> Measured | None:
    held: Mapping[str, int] = m.match.get("held_back", {})
    links = int(m.match["linked"])
    if not sum(held.values()) or not links:
        return None
    guard = max(held, key=lambda name: held[name])
    return Measured(sum(held.values()) / links, sum(held.values()), {"guard": guard})


def _not_attempted(m: Material) -> Measured | None:
    counts = m.extract["counts"]
    return _part(counts["not_attempted"], counts["cohort_rows"])


# ------------------------------------------------------------------ de-identified


def _lost(m: Material) -> Iterator[tuple[str, str, int, str, float]]:
    """Column of groups, group, its persons, column, share of its values that were emptied."""
    taken = m.extract.get("suppressed") or {}
    for by, groups in taken.get("by_group", {}).items():
        for group, one in groups.items():
            for column, share in one["lost"].items():
                yield by, group, int(one["persons"]), column, float(share)


def _emptied(m: Material) -> Measured | None:
    cells: Mapping[str, int] = (m.extract.get("suppressed") or {}).get("cells", {})
    shares = {name: count / m.had[name] for name, count in cells.items() if m.had.get(name)}
    if not shares:
        return None
    limit = next(rule["limit"] for rule in rules() if rule["measure"] == "emptied")
    worst = max(shares, key=lambda name: shares[name])
    many = sum(share > limit for share in shares.values())
    return Measured(shares[worst], many, {"column": worst})


def _emptied_unevenly(m: Material) -> Measured | None:
    by_column: dict[tuple[str, str], dict[str, float]] = {}
    large: dict[str, set[str]] = {}
    for by, group, persons, column, share in _lost(m):
        if persons >= _GROUP_PERSONS:
            large.setdefault(by, set()).add(group)
            by_column.setdefault((by, column), {})[group] = share
    worst: tuple[float, str, str, str] | None = None
    for (by, column), shares in by_column.items():
        whole = {group: shares.get(group, 0.0) for group in large[by]}
        most = max(whole, key=lambda g: (whole[g], g))
        least = min(whole, key=lambda g: (whole[g], g))
        case = (whole[most] - whole[least], column, most, least)
        worst = max(worst, case) if worst else case
    if worst is None:
        return None
    more, column, group, other = worst
    return Measured(more, words={"column": column, "group": group, "other": other})


def _left_out(m: Material) -> Measured | None:
    taken = m.extract.get("suppressed") or {}
    left = int(taken.get("persons_left_out", 0))
    return _part(left, left + int(m.extract["counts"]["persons"]))


def _small_classes(m: Material) -> Measured | None:
    risk = m.extract["risk"]
    found = _part(int(risk["persons_below"]), int(risk["persons"]))
    return found and Measured(found.size, found.count, {"k": str(m.extract["limit"]["k"])})


def _filled_in(m: Material) -> Measured | None:
    risk = m.extract["risk"]
    below = max((int(one["persons_below"]) for one in risk["filled_in"]), default=0)
    more = below - int(risk["persons_below"])
    return Measured(more, below, {"k": str(m.extract["limit"]["k"])}) if more > 0 else None


def _near_limit(m: Material) -> Measured | None:
    """Of risks that a class of exactly k does not bring to their limit by itself."""
    risk, limit = m.extract["risk"], m.extract["limit"]
    shares = {
        "The share of persons in small classes": (risk["share_below"], limit["max_share_below"]),
        "Marketer risk": (risk["marketer"], limit["max_marketer"]),
        **{
            f"The distance of {column} among rows that look alike": (far, limit["t_distance"])
            for column, far in risk["t_closeness"].items()
        },
    }
    near = {name: float(got) / float(most) for name, (got, most) in shares.items() if most and got}
    if not near:
        return None
    worst = max(near, key=lambda name: near[name])
    return Measured(near[worst], words={"name": worst, "value": percent(near[worst])})


def _withheld(m: Material) -> Measured | None:
    counts, plural = m.extract["counts"], m.record.plural
    away = int(counts.get(f"{plural}_withheld", 0))
    found = _part(away, away + int(counts[plural]))
    return found and Measured(found.size, found.count, {"records": plural})


# ------------------------------------------------------------------ aggregated


def _hidden(m: Material) -> Measured | None:
    return _part(int(m.extract["hidden"]), int(m.extract["rows"]))


def _protecting(m: Material) -> Measured | None:
    small, others = int(m.extract["primary"]), int(m.extract["secondary"])
    return Measured(others / small, words={"value": f"{others / small:.1f}"}) if small else None


def _hidden_total(m: Material) -> Measured | None:
    hidden = sorted(year for year, count in m.years.items() if count is None)
    return Measured(len(hidden), len(hidden), {"year": hidden[0]}) if hidden else None


def _year_jumps(m: Material) -> Measured | None:
    known = [(year, count) for year, count in sorted(m.years.items()) if count is not None]
    worst: Measured | None = None
    for place in range(3, len(known)):
        before = [count for _, count in known[place - 3 : place]]
        year, count = known[place]
        usual = sum(before) / 3
        if usual < _LEAST_COUNT:
            continue
        far = count / usual - 1
        if worst is None or abs(far) > worst.size:
            way = "more" if far > 0 else "fewer"
            worst = Measured(abs(far), words={"year": year, "way": way})
    return worst


def _revised(m: Material) -> Measured | None:
    years = len(m.extract.get("revised_years", ()))
    return Measured(years, years) if years else None


def _audited_less(m: Material) -> Measured | None:
    return Measured(1.0) if m.extract["hidden"] and not m.extract.get("exact", False) else None


MEASURES: Mapping[str, Callable[[Material], Measured | None]] = {
    "warnings": _warnings,
    "moved": _moved,
    "nearly_moved": _nearly_moved,
    "doubtful_left_out": _doubtful_left_out,
    "linked_worse": _linked_worse,
    "missed": _at_most("missed_match_rate"),
    "false": _at_most("false_match_rate"),
    "held_back": _held_back,
    "not_attempted": _not_attempted,
    "emptied": _emptied,
    "emptied_unevenly": _emptied_unevenly,
    "left_out": _left_out,
    "small_classes": _small_classes,
    "filled_in": _filled_in,
    "near_limit": _near_limit,
    "withheld": _withheld,
    "hidden": _hidden,
    "protecting": _protecting,
    "hidden_total": _hidden_total,
    "year_jumps": _year_jumps,
    "revised": _revised,
    "audited_less": _audited_less,
}
