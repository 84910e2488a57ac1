"""`make_system`: a made-up register of any of the five systems, with its truth beside it."""

from pathlib import Path

import numpy as np

from synthetic.carpos import make_carpos
from synthetic.errors import SizeImpossible, SystemNotMade
from synthetic.people import RegisterTruth, day, write_register
from synthetic.registers.achs import make_achs
from synthetic.registers.cures import make_cures
from synthetic.registers.jcpss import make_jcpss
from synthetic.registers.ripa import make_ripa

MAKERS = {
    "ACHS": make_achs,
    "CARPOS": make_carpos,
    "CURES": make_cures,
    "JCPSS": make_jcpss,
    "RIPA": make_ripa,
}


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
        directory: where the files go, made where it is not there; the truth goes into ``truth`` beside it.
        records: orders, arrests, referrals, prescriptions or stops.
        seed: the same seed gives the same register.
        first_year: calendar year of the first records (RIPA begins in July 2018).
        last_year: calendar year of the last.

    Raises:
        SystemNotMade: no such system.
        SizeImpossible: no record at all, or years out of order.
    """
    if code not in MAKERS:
        raise SystemNotMade(made=sorted(MAKERS))
    if records < 1 or first_year > last_year:
        raise SizeImpossible(orders=records, first_year=first_year, last_year=last_year)
    last_day = day(last_year, 12, 31)
    world = MAKERS[code](np.random.default_rng(seed), records, day(first_year), last_day)
    return write_register(directory, world, last_day)
