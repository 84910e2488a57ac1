"""Extracts and scans of whole tables in memory, as tests look at them."""

import datetime as dt

import numpy as np
import pyarrow as pa

from extracts.identified import CohortRows, Extract, begin_identified
from extracts.package import dictionary_for
from extracts.rows import ContentScan, fetched, plan_for
from extracts.shares import Checks
from systems.description import load_system
from tests.unit.extracts.conftest import PlainIds


def build_identified(con, system, spec, ids, stored=None):
    """The identified extract of the relation ``supplied``, in one table."""
    made = begin_identified(con, system, spec, ids, stored)
    supplied = fetched(con, "SELECT * FROM supplied ORDER BY row_number")
    table = pa.concat_tables(list(made.parts([supplied])))
    return Extract(table, "identified", made.persons, made.counts, made.supplied)


def content_scan(table):
    """What looks like an identifier in a table."""
    scan = ContentScan()
    scan.add(table)
    return scan.report


def made_up_extract(rows, seed, texts=None, supplied=None, linked=0.25):
    """An identified extract on its way, with records of a part of the cohort, and the supplied rows.

    Args:
        rows: of the cohort.
        seed: of the draws.
        texts: cohort row: what one of its records has for a code.
        supplied: columns of the cohort's rows (texts), else names alone.
        linked: share of the rows with records, about; some have two.
    """
    draw = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(rows), 2)[draw.random(2 * rows) < linked / 2]
    numbers = np.append(numbers, list(texts or {})).astype(np.int64) * 2
    if supplied is None:
        names = [f"Ünseen{n}" if n % 5 else None for n in range(rows)]
        supplied = pa.table({"last_name": pa.array(names, pa.string())})
    names, plan = tuple(supplied.column_names), plan_for(load_system("CARPOS"), "identified")
    described = {one.name: one for one in _described(names).fields}
    values = {
        column.name: _drawn(described[column.name], len(numbers), draw)
        for column in plan.columns
        if column.name not in plan.references
    }
    if texts:
        codes = values["order_code"].to_pylist()[: -len(texts)]
        values["order_code"] = pa.array([*codes, *texts.values()])
    keys = {"row_number": numbers, "record_": np.arange(len(numbers)), "person_": numbers // 2}
    joined = pa.table({**{name: pa.array(key) for name, key in keys.items()}, **values})
    untried = np.flatnonzero(draw.random(rows) < 0.1) * 2
    ids = {"row_number": np.arange(rows) * 2, "row_id": [f"r{n}" for n in range(rows)]}
    given = pa.table({**ids, **dict(zip(names, supplied.columns, strict=True))})
    return CohortRows(joined, untried, names, plan, PlainIds(), 0), given


def _described(supplied):
    return dictionary_for(load_system("CARPOS"), "identified", supplied, families=("GV",))


def _drawn(field, count, draw):
    """Values of a column as its dictionary has it, one in five missing where it may be."""
    kinds = {
        "date": (dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(900)),
        "number": range(4),
        "yes/no": (False, True),
    }
    values = list(kinds.get(field.type) or [code for code, _ in field.codes] or ["some"])
    missing = draw.random(count) < (0.0 if field.required else 0.2)
    return pa.array(values).take(pa.array(draw.integers(0, len(values), count), mask=missing))


def made_up_checks(formats=(), threads: int | None = 1, supplied=("last_name",)):
    """What a made-up extract is looked at for."""
    return Checks(tuple(formats), _described(supplied), threads)
