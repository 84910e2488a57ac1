"""Numbers for the engineer's quality report: weights of pairs, rules alone, rates by group of people.

Counts and shares only. A group is a value of a column that says so little that it may be named (sex, race,
origin of the surname); groups of fewer than ten rows are put together.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.assignment import LINK, REVIEW, Edges
from matching.normalise import Dictionary
from matching.scoring import Scored

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Decisions = npt.NDArray[np.int8]

GROUPED = ("sex", "race", "surname_origin")  # columns of the cohort, where it has them
_LEAST = 10  # rows of a group that is shown by itself
_MOST, _LONGEST = 12, 40  # groups of a column, and letters of a name; beyond, it is no grouping
_LOW, _HIGH, _STEP = -10, 50, 2  # bits


def weight_histogram(edges: Edges, decision: Decisions) -> tuple[dict[str, float], ...]:
    """How many pairs of row and identity have each weight, by decision; the ends hold the rest."""
    bits = edges.log_odds / np.log(2.0)
    bounds = np.arange(_LOW, _HIGH + 1, _STEP)
    place = np.clip((bits - _LOW) // _STEP, 0, len(bounds) - 2).astype(np.int64)
    counts = {
        name: np.bincount(place[decision == kind], minlength=len(bounds) - 1)
        for kind, name in ((LINK, "link"), (REVIEW, "review"), (0, "none"))
    }
    return tuple(
        {"from": int(low), **{name: int(n[i]) for name, n in counts.items()}}
        for i, low in enumerate(bounds[:-1])
    )


def rule_contributions(
    names: Sequence[str], scored: Scored, edges: Edges, decision: Decisions
) -> dict[str, tuple[int, int]]:
    """For each rule the linked (row, identity) pairs that it caught, and those that it alone caught."""
    caught = np.zeros(len(edges.rows), np.int64)
    np.bitwise_or.at(caught, edges.place, scored.caught)
    caught = caught[decision == LINK]
    return {
        name: (int((caught >> i & 1).sum()), int((caught == 1 << i).sum()))
        for i, name in enumerate(names)
    }


def rates_by_group(
    cohort: pa.Table, edges: Edges, probability: Floats, decision: Decisions
) -> dict[str, tuple[dict[str, object], ...]]:
    """For each grouping column the rows of each group and the shares linked, in review and missed."""
    rows = cohort.num_rows
    expected = np.minimum(np.bincount(edges.rows, probability, rows), 1.0)
    linked, review = (
        np.isin(np.arange(rows), edges.rows[decision == kind]) for kind in (LINK, REVIEW)
    )
    found: dict[str, tuple[dict[str, object], ...]] = {}
    for name in GROUPED:
        if name not in cohort.column_names or not pa.types.is_string(cohort[name].type):
            continue
        groups = _groups(Dictionary.of(cohort[name]))
        if groups is None:
            continue
        number, labels = groups
        lines: list[dict[str, object]] = []
        for i, label in enumerate(labels):
            here = number == i
            n, matched = int(here.sum()), float(expected[here].sum())
            missed = float(expected[here & ~linked].sum())
            lines.append(
                {
                    "group": label,
                    "rows": n,
                    "linked": round(float(linked[here].mean()), 4),
                    "review": round(float(review[here].mean()), 4),
                    "missed": round(missed / matched, 4) if matched > 0 else 0.0,
                }
            )
        found[name] = tuple(lines)
    return found


def _groups(values: Dictionary) -> tuple[Ints, list[str]] | None:
    """The group of each row and the groups' names; None where the column is no grouping."""
    labels = [text.strip().lower() for text in values.values]
    distinct = sorted(set(labels) - {""})
    number = np.array([*(distinct.index(t) if t else -1 for t in labels), -1], np.int64)
    rows = number[values.indices]
    sizes = np.bincount(rows[rows >= 0], minlength=len(distinct))
    shown = [i for i, n in enumerate(sizes) if n >= _LEAST]
    if not shown or len(shown) > _MOST or any(len(distinct[i]) > _LONGEST for i in shown):
        return None
    table = np.full(len(distinct) + 1, -1, np.int64)
    table[shown] = np.arange(len(shown))
    rows = table[rows]
    names = [distinct[i] for i in shown]
    if (rows < 0).sum() >= _LEAST:
        rows = np.where(rows < 0, len(names), rows)
        names.append("not recorded or few")
    return rows, names
