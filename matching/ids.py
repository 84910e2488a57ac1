"""Ids that a spreadsheet or a float damaged: told with counts, or refused."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from matching import errors
from matching.arrays import number_ids
from matching.arrow import array, column, filled, pc
from matching.findings import Finding

_FLOAT: Final = r"^\d(\.\d+)?[eE]\+\d+$"  # 1.00000E+17, 1e+17
_EXACT_DIGITS: Final = 15  # that a spreadsheet keeps; a float is exact up to 2^53, of 16 digits
_SAMPLE, _ENOUGH = 1000, 10  # ids of more digits that are looked at, and that make sure


def damaged_ids(ids: pa.ChunkedArray, side: str) -> Iterator[Finding]:
    """What must be said of ids.

    Args:
        ids: texts.
        side: whose they are.

    Raises:
        DamagedIds: some in floating point stand in several rows: their last figures are gone.
    """
    if pc.any(pc.match_substring(ids, "+")).as_py():
        floats = ids.filter(pc.match_substring_regex(ids, _FLOAT))
        if len(floats) and len(number_ids(floats)[1]) < len(floats):
            raise errors.DamagedIds(file=side, count=len(floats))
        if len(floats):
            what = "ids are written as floating point (1.00000E+17): their last figures may be gone"
            yield Finding("ids_damaged", side, "", len(floats), len(ids), what)
    long = np.flatnonzero(array(filled(pc.binary_length(ids))) > _EXACT_DIGITS)
    if len(long) >= _ENOUGH:
        sample = ids.take(column(long[:_SAMPLE])).to_pylist()
        numbers = {int(t) for t in sample if t.isascii() and t.isdigit()}
        if len(numbers) >= _ENOUGH and (
            all(n % 10 ** (len(str(n)) - _EXACT_DIGITS) == 0 for n in numbers if n >= 10**_EXACT_DIGITS)
            or (all(int(float(n)) == n for n in numbers) and min(numbers) > 1 << 53)
        ):  # fmt: skip
            what = "ids look rounded (by a spreadsheet after 15 figures, or as floats above 2^53)"
            yield Finding("ids_damaged", side, "", len(long), len(ids), what)
