"""Extracts and scans of whole tables in memory, as tests look at them."""

import pyarrow as pa

from extracts.identified import Extract, begin_identified
from extracts.rows import ContentScan, fetched


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
