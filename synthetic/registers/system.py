"""`make_system`: a made-up register of any of the five systems, with its truth beside it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.carpos import make_register
from synthetic.errors import SizeImpossible, SystemNotMade
from synthetic.people import MARK, RegisterTruth, day, write_files
from synthetic.registers.achs import make_achs
from synthetic.registers.cures import make_cures
from synthetic.registers.jcpss import make_jcpss
from synthetic.registers.ripa import make_ripa

MAKERS = {"ACHS": make_achs, "CURES": make_cures, "JCPSS": make_jcpss, "RIPA": make_ripa}


def make_system(
    code: str,
    directory: Path,
    *,
    records: int,
    seed: int,
    first_year: int = 2016,
    last_year: int = 2025,
) -> RegisterTruth:
    """Write a made-up register of a data system: one Parquet file per table, each marked.

    Args:
        code: ``ACHS``, ``CARPOS``, ``CURES``, ``JCPSS`` or ``RIPA``.
        directory: where the files go; the truth goes into ``truth`` beside it.
        records: orders, arrests, referrals, prescriptions or stops.
        seed: the same seed gives the same register.
        first_year: calendar year of the first records (RIPA begins in July 2018).
        last_year: calendar year of the last.

    Raises:
        SystemNotMade: no such system.
        SizeImpossible: no record at all, or years out of order.
    """
    if code != "CARPOS" and code not in MAKERS:
        raise SystemNotMade(made=sorted([*MAKERS, "CARPOS"]))
    if records < 1 or first_year > last_year:
        raise SizeImpossible(orders=records, first_year=first_year, last_year=last_year)
    if code == "CARPOS":
        return make_register(
            directory, orders=records, seed=seed, first_year=first_year, last_year=last_year
        )
    last_day = day(last_year, 12, 31)
    world = MAKERS[code](np.random.default_rng(seed), records, day(first_year), last_day)
    files = write_files(directory, world.tables)
    known = pa.table(
        {
            "record_id": world.entry,
            "human_id": world.human,
            "role": pa.array(world.role, pa.string()),
            "family": pa.array(world.family, pa.string()),
        }
    ).sort_by("record_id")
    persons = known.group_by(["record_id", "human_id"]).aggregate([]).sort_by("record_id")
    place = directory.parent / "truth"
    place.mkdir(parents=True, exist_ok=True)
    path = place / "truth_persons.parquet"
    pq.write_table(persons.replace_schema_metadata(MARK), path)
    return RegisterTruth(
        directory, files, path, persons, known, world.people, last_day, seed, linked="subject"
    )
