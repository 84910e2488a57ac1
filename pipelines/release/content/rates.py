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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.rows import compute as pc
from pipelines.release.context import ReleaseContext

RATES_FILE = "linkage-rates.csv"
_HEAD = ("grouping", "group", "rate", "percent")
_STRONG = ("ssn", "driver_license")
_GROUPED = ("sex", "birth_date", *_STRONG)
_NONE = "none that can be told"
_YEAR = re.compile(
    r"((?:18|19|20)\d\d)[-/.]?\d\d?[-/.]?\d\d?|\d\d?[-/.]\d\d?[-/.]((?:18|19|20)\d\d)", re.ASCII
)

_NAME = re.compile(r"\w[\w ,./()-]*")

Bools, Codes, Floats = npt.NDArray[np.bool_], npt.NDArray[np.int32], npt.NDArray[np.float64]
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
    rows = _columns(context, "intake", "supplied", ("row_id", *_GROUPED))
    attempted = pc.is_null(_columns(context, "intake", "attempted", ("code",))["code"])
    rows = rows.filter(attempted)
    matched, wrong = _outcomes(context, rows["row_id"])
    everybody = np.ones(len(matched))
    for grouping, (names, of) in _groupings(rows).items():
        yield grouping, "matched", _of_groups(names, of, everybody, matched.astype(np.float64))
        links = of[matched]
        yield grouping, "expected_false", _of_groups(names, links, everybody[matched], wrong[matched])  # fmt: skip
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


def _of_groups(names: Sequence[str], of: Codes, whole: Floats, part: Floats) -> Numbers:
    """Sums by group of rows; groups without a row are left out."""
    sums = (
        np.bincount(of, weights=column, minlength=len(names)).tolist() for column in (whole, part)
    )
    return _summed((n, w, p) for n, w, p in zip(names, *sums, strict=True) if w)


def _columns(context: ReleaseContext, stage: str, name: str, columns: Collection[str]) -> pa.Table:
    """Those of some columns that a staged table has."""
    schema = context.staging.schema(stage, name)
    there = [column for column in schema.names if column in columns]
    batches = context.staging.batches(stage, name, there)
    return pa.Table.from_batches(batches, pa.schema([schema.field(column) for column in there]))


def _outcomes(context: ReleaseContext, ids: pa.ChunkedArray) -> tuple[Bools, Floats]:
    """Of each row whether it was matched, and how likely its link is a wrong one."""
    extract = _columns(context, "extract", "extract", ("row_id", "matched"))
    found = extract.filter(pc.equal(extract["matched"], "yes"))["row_id"]
    links = _links(context, "review", "settled", "link")
    # what was doubtful before and is a link now, a reviewer linked
    decided = pc.is_in(links["cohort_id"], _links(context, "match", "links", "review")["cohort_id"])
    right = pc.if_else(decided, 1.0, links["match_probability"]).to_numpy()
    linked = pc.unique(links["cohort_id"])
    least = np.ones(len(linked) + 1)  # the last one of rows without a link
    np.minimum.at(least, pc.index_in(links["cohort_id"], linked).to_numpy(), right)
    place = pc.fill_null(pc.index_in(ids, linked), len(linked)).to_numpy()
    return pc.is_in(ids, found).to_numpy(), 1.0 - least[place]


def _links(context: ReleaseContext, stage: str, name: str, decision: str) -> pa.Table:
    of = ("cohort_id", "match_probability", "decision")
    links = _columns(context, stage, name, of)
    return links.filter(pc.equal(links["decision"], decision))


def _groupings(rows: pa.Table) -> Mapping[str, tuple[list[str], Codes]]:
    """Grouping → the names of its groups, and which one each row is in, of the columns that the cohort has."""
    found: dict[str, tuple[list[str], Codes]] = {}
    for grouping, column, group in (("sex", "sex", _sex), ("born", "birth_date", _decade)):
        if column in rows.column_names:
            found[grouping] = _grouped(rows[column], group)
    strong = [rows[name] for name in _STRONG if name in rows.column_names]
    if strong:
        has = [pc.greater(pc.fill_null(pc.utf8_length(of), 0), 0).to_numpy() for of in strong]
        found["strong_identifiers"] = (
            ["neither", "ssn or licence"],
            np.logical_or.reduce(has).astype(np.int32),
        )
    return found


def _grouped(
    column: pa.ChunkedArray, group: Callable[[str | None], str]
) -> tuple[list[str], Codes]:
    """The names of groups, and which one each value is in: each value is looked at once."""
    values = pc.unique(column)
    of = [group(value) for value in values.to_pylist()]
    names = sorted(set(of))
    places = {name: place for place, name in enumerate(names)}
    return names, np.array([places[n] for n in of], np.int32)[
        pc.index_in(column, values).to_numpy()
    ]


def _sex(value: str | None) -> str:
    first = (value or "").strip().upper()[:1]
    return first if first in {"M", "F", "X"} else _NONE


def _decade(value: str | None) -> str:
    found = _YEAR.fullmatch((value or "").strip())
    return f"{(found[1] or found[2])[:3]}0s" if found else _NONE
