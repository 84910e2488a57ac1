"""Cohorts whose people stand in a made-up register, as a researcher writes them down."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from numpy.random import Generator

from synthetic import people as sp
from synthetic.errors import SizeImpossible, TooFewPeople
from systems.standard import STANDARD_COLUMNS

_RELATIVES = 0.08  # of those without an order: people bound to somebody who has one
_FILES = {"file": "cohort.csv", "persons": "truth_cohort.parquet", "pairs": "truth_pairs.parquet"}


@dataclass(frozen=True)
class CohortTruth:
    """A cohort and what is really so.

    Attributes:
        file: ``cohort.csv``: ``cohort_id`` and the standard columns.
        path: ``truth_pairs.parquet``, in the register's ``truth`` directory.
        persons: ``cohort_id``, ``human_id``, ``restrained`` (on an order of the families asked for).
        pairs: ``cohort_id``, ``record_id``: every entry as a restrained person, of any family.
    """

    file: Path
    path: Path
    persons: pa.Table
    pairs: pa.Table


def make_cohort(
    directory: Path,
    truth: sp.RegisterTruth,
    *,
    rows: int,
    seed: int,
    share_with_order: float = 0.30,
    families: tuple[str, ...] | None = None,
    level: str = "medium",
) -> CohortTruth:
    """Write a cohort in CSV, with errors of its own, and its truth.

    Args:
        directory: where ``cohort.csv`` goes.
        truth: the register that the cohort's people may be in.
        rows: people in the cohort; each is in it once.
        seed: the same seed gives the same cohort.
        share_with_order: share of the rows whose people are restrained by an order.
        families: families that such an order must be of; any where none are named.
        level: noise of the cohort's own: ``low``, ``medium`` or ``heavy``.

    Raises:
        SizeImpossible: no rows, a share outside 0 to 1, or an unknown level.
        TooFewPeople: the made-up world is too small.
    """
    if rows < 1 or not 0 <= share_with_order <= 1 or level not in sp.COHORTS:
        raise SizeImpossible(rows=rows)
    if truth.people is None:
        raise TooFewPeople(restrained=0, others=0)
    rng = np.random.default_rng(seed)
    wanted = round(rows * share_with_order)
    who = _members(rng, truth, truth.people, rows, wanted, families)
    restrained = np.arange(rows) < wanted
    mixed = rng.permutation(rows)
    who, restrained = who[mixed], restrained[mixed]
    days = truth.last_day - rng.integers(0, 6 * 365, rows)
    columns = sp.recorded(rng, truth.people, who, days, sp.COHORTS[level])
    mixed_case(rng, columns, accents=0.3)
    dashed(rng, columns, 0.6)
    ids = pa.array([f"C{number:06d}" for number in range(1, rows + 1)])
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / _FILES["file"]
    pc.write_csv(as_table(columns).add_column(0, "cohort_id", ids), file)
    persons = pa.table({"cohort_id": ids, "human_id": who, "restrained": restrained})
    pairs = _pairs(truth, persons)
    place = truth.path.parent
    pq.write_table(persons, place / _FILES["persons"])
    pq.write_table(pairs, place / _FILES["pairs"])
    return CohortTruth(file, place / _FILES["pairs"], persons, pairs)


def _members(
    rng: Generator,
    truth: sp.RegisterTruth,
    people: sp.Population,
    rows: int,
    wanted: int,
    families: tuple[str, ...] | None,
) -> sp.Ints:
    """Restrained people first, then others: relatives of restrained ones, and strangers."""
    restrained = truth.respondents(families)
    everybody = np.arange(len(people))
    grown = people.birth < truth.last_day - 18 * 365
    others = np.setdiff1d(everybody[grown], truth.respondents())
    if wanted > len(restrained) or rows - wanted > len(others):
        raise TooFewPeople(restrained=len(restrained), others=len(others))
    near = np.intersect1d(others, restrained ^ 1)
    near = rng.permutation(near[people.tie[near] >= 0])[: int((rows - wanted) * _RELATIVES)]
    far = rng.permutation(np.setdiff1d(others, near))[: rows - wanted - len(near)]
    return np.concatenate([rng.permutation(restrained)[:wanted], near, far])


def _pairs(truth: sp.RegisterTruth, persons: pa.Table) -> pa.Table:
    """Every entry of a member as a restrained person."""
    roles = truth.entries["role"].to_numpy(zero_copy_only=False)
    human = truth.entries["human_id"].to_numpy()
    record = truth.entries["record_id"].to_numpy()
    members = persons["human_id"].to_numpy()
    order = np.argsort(members)
    here = (roles == truth.linked) & np.isin(human, members)
    place = order[np.searchsorted(members[order], human[here])]
    pairs = pa.table(
        {"cohort_id": persons["cohort_id"].take(pa.array(place)), "record_id": record[here]}
    )
    return (
        pairs.group_by(["cohort_id", "record_id"])
        .aggregate([])
        .sort_by([("cohort_id", "ascending"), ("record_id", "ascending")])
    )


# -- as a researcher writes: mixed case, some accents, ISO dates, the standard columns

_ACCENTS: dict[str, str] = sp.shares("accents")


def as_table(columns: sp.Columns) -> pa.Table:
    """Return recorded columns as standard columns of text, as an office writes them."""
    texts = {**columns, "birth_date": iso(columns["birth_day"])}
    return sp.table({name: texts[name] for name in STANDARD_COLUMNS if name in texts})


def mixed_case(rng: Generator, columns: sp.Columns, accents: float) -> None:
    """Rewrite names, streets and cities in mixed case, a share of the names with their accents."""
    for name in ("first_name", "middle_name", "last_name", "street", "city"):
        values = columns[name]
        marked = rng.random(len(values)) < accents
        pairs = zip(values, marked, strict=True)
        columns[name] = sp.objects(
            [value and _titled(value, accented) for value, accented in pairs]
        )
    titles = {"JR": "Jr.", "SR": "Sr."}
    columns["name_suffix"] = sp.objects([titles.get(s, s) for s in columns["name_suffix"]])


def dashed(rng: Generator, columns: sp.Columns, share: float) -> None:
    """Write a share of the numbers with the marks that people put in."""
    for name, form in (
        ("ssn", lambda t: f"{t[:3]}-{t[3:5]}-{t[5:]}"),
        ("phone", lambda t: f"({t[:3]}) {t[3:6]}-{t[6:]}"),
    ):
        values = columns[name]
        for place in np.flatnonzero(rng.random(len(values)) < share):
            if values[place] is not None:
                values[place] = form(values[place])


def iso(days: np.ndarray) -> sp.Strings:
    """Days since 1970-01-01 as ISO dates, None where missing."""
    text = days.astype("datetime64[D]").astype(str).astype(object)
    text[days == sp.NO_DAY] = None
    return text


def _titled(text: str, accented: bool) -> str:
    words = text.title()
    return " ".join(_ACCENTS.get(word, word) for word in words.split(" ")) if accented else words
