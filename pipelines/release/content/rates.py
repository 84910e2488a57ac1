"""Match and error rates of an identified release by coarse group, for whoever assesses bias; only where policy allows.

Groups are of what the researcher supplied: sex, decade of birth, which strong identifiers there were. Whether a row was matched is
the extract's own word. How many matches are expected to be wrong follows from the links' probabilities, a reviewer's being right; how
many are expected to be missed is the linkage's own estimate, made before a reviewer settled what was doubtful. Each is protected
as a published number is.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from extracts.rows import compute as pc
from pipelines.release.context import ReleaseContext

RATES_FILE = "linkage-rates.csv"
_HEAD = ("grouping", "group", "rate", "percent")
_STRONG = ("ssn", "driver_license")
_NONE = "none that can be told"
_YEAR = re.compile(
    r"((?:18|19|20)\d\d)[-/.]?\d\d?[-/.]?\d\d?|\d\d?[-/.]\d\d?[-/.]((?:18|19|20)\d\d)", re.ASCII
)

_NAME = re.compile(r"\w[\w ,./()-]*")

Numbers = dict[str, tuple[float, float]]  # group → of how many, how many of them


def linkage_rates(context: ReleaseContext) -> str:
    """Return ``linkage-rates.csv`` of a release that is linked and extracted."""
    from extracts.group_rates import protected_rates  # the solver's libraries load with it
    from extracts.suppression import SuppressionPolicy

    policy = SuppressionPolicy(
        threshold=context.session.settings.disclosure.threshold, zeros="hidden", margin_weight=100
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    for grouping, rate, numbers in _counted(context):
        outcomes = {
            group: (round(part), round(whole) - round(part))
            for group, (whole, part) in numbers.items()
            if round(whole)
        }
        for group, percent in (protected_rates(outcomes, policy) if outcomes else {}).items():
            writer.writerow([grouping, group, rate, "" if percent is None else percent])
    return out.getvalue()


def _counted(context: ReleaseContext) -> Iterable[tuple[str, str, Numbers]]:
    rows = _rows(context)
    matched = rows["matched"].to_pylist()
    wrong = rows["wrong"].to_pylist()
    for grouping, of in _groupings(rows).items():
        everybody = [(group, 1.0, float(yes)) for group, yes in zip(of, matched, strict=True)]
        yield grouping, "matched", _summed(everybody)
        links = zip(of, matched, wrong, strict=True)
        yield grouping, "expected_false", _summed((g, 1.0, w) for g, yes, w in links if yes)
    report = json.loads(context.staging.place("match", "LINKS.json").read_text("utf-8"))
    whole = report["missed_match_rate"]
    for grouping, lines in report["groups"].items():
        told = [(_named(one["group"]), one["expected"], one["expected_missed"]) for one in lines]
        of, missed = sum(line[1] for line in told), sum(line[2] for line in told)
        left = max(0.0, whole["of"] - of), max(0.0, whole["of"] * whole["expected"] - missed)
        yield grouping, "expected_missed", _summed([*told, ("none, or of few rows", *left)])


def _named(group: str) -> str:
    """A value of the cohort's as a group's name, where it is one and acts in no program."""
    return group if _NAME.fullmatch(group) else "another value"


def _summed(lines: Iterable[tuple[str, float, float]]) -> Numbers:
    found: Numbers = {}
    for group, whole, part in lines:
        before = found.get(group, (0.0, 0.0))
        found[group] = before[0] + whole, before[1] + part
    return dict(sorted(found.items()))


def _rows(context: ReleaseContext) -> pa.Table:
    """The attempted rows of the cohort, whether each was matched, and how likely its link is a wrong one."""
    staging = context.staging
    supplied = staging.read("intake", "supplied")
    supplied = supplied.filter(pc.is_null(staging.read("intake", "attempted")["code"]))
    extract = staging.read("extract", "extract")
    found = set(extract.filter(pc.equal(extract["matched"], "yes"))["row_id"].to_pylist())
    settled = staging.read("review", "settled")
    links = settled.filter(pc.equal(settled["decision"], "link"))
    decided = _decided(context)
    likely: dict[str, float] = {}
    for row, probability in zip(
        links["cohort_id"].to_pylist(), links["match_probability"].to_pylist(), strict=True
    ):
        likely[row] = min(likely.get(row, 1.0), 1.0 if row in decided else probability)
    ids = supplied["row_id"].to_pylist()
    matched = pa.array([row in found for row in ids])
    wrong = pa.array([1.0 - likely.get(row, 1.0) for row in ids])
    return supplied.append_column("matched", matched).append_column("wrong", wrong)


def _decided(context: ReleaseContext) -> set[str]:
    """Rows that a reviewer linked: what was doubtful before and is a link now."""
    before = context.staging.read("match", "links")
    return set(before.filter(pc.equal(before["decision"], "review"))["cohort_id"].to_pylist())


def _groupings(rows: pa.Table) -> Mapping[str, list[str]]:
    """Grouping → the group of each row, of the columns that the cohort has."""
    found: dict[str, list[str]] = {}
    if "sex" in rows.column_names:
        found["sex"] = [_sex(value) for value in rows["sex"].to_pylist()]
    if "birth_date" in rows.column_names:
        found["born"] = [_decade(value) for value in rows["birth_date"].to_pylist()]
    strong: list[list[Any]] = [
        rows[name].to_pylist() for name in _STRONG if name in rows.column_names
    ]
    if strong:
        found["strong_identifiers"] = [
            "ssn or licence" if any(values) else "neither" for values in zip(*strong, strict=True)
        ]
    return found


def _sex(value: str | None) -> str:
    first = (value or "").strip().upper()[:1]
    return first if first in {"M", "F", "X"} else _NONE


def _decade(value: str | None) -> str:
    found = _YEAR.fullmatch((value or "").strip())
    return f"{(found[1] or found[2])[:3]}0s" if found else _NONE
