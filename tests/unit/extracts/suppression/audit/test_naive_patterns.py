"""The patterns that people use, and what somebody with a solver gets back from each.

Tables are published ones: ? is hidden, every other number is public. Each test says which cells fall
and the arithmetic by which they do.
"""

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.published import PublishedRow, PublishedTable


def table(text, *, persons=False, parents=None):
    """A cross table as text: the first line has the columns; cells are count or count/persons."""
    lines = [line.split() for line in text.strip().splitlines()]
    rows = []
    for name, *cells in lines[1:]:
        for column, cell in zip(lines[0], cells, strict=True):
            count, _, people = cell.partition("/")
            numbers = [None if v in {"?", ""} else int(v) for v in (count, people)]
            rows.append(PublishedRow((name, column), *numbers))
    return PublishedTable(("county", "family"), tuple(rows), parents or {}, has_persons=persons)


def falls(*tables, **options):
    """(cell, how, at least, at most) of every cell that falls."""
    first, *earlier = tables
    report = audit_table(first, earlier=earlier, intervals=True, **options)
    return {(*f.labels, f.how, f.low, f.high) for f in report.falls}


def test_primary_only_one_subtraction():
    """ACRO, and every rule that looks at one cell at a time. 93 - 40 - 50 = 3."""
    found = falls(
        table("""
                   CH   DV   GV  TOTAL
            A      40   50    ?     93
            B      60   70   30    160
            TOTAL 100  120   33    253
        """)
    )
    assert found == {("A", "GV", "exact", 3, 3), ("A", "GV", "below", 3, 3)}


def test_the_next_smallest_in_the_row_falls_by_the_column():
    """A·CH was hidden beside A·GV; 100 - 60 = 40 brings it back, and then 93 - 50 - 40 = 3."""
    found = falls(
        table("""
                   CH   DV   GV  TOTAL
            A       ?   50    ?     93
            B      60   70   30    160
            TOTAL 100  120   33    253
        """)
    )
    assert ("A", "CH", "exact", 40, 40) in found
    assert ("A", "GV", "exact", 3, 3) in found


def test_two_hidden_in_every_line_can_add_up_to_less_than_ten():
    """Nothing is exact, but 56 - 50 = 6 for two cells that are not zero: each is 1 to 5."""
    found = falls(
        table("""
                   CH   DV   GV  TOTAL
            A       ?   50    ?     56
            B       ?   60    ?    260
            TOTAL 102  110  104    316
        """)
    )
    assert found == {("A", "CH", "below", 1, 5), ("A", "GV", "below", 1, 5)}


def test_a_bridge_between_two_blocks_falls_though_every_line_hides_two():
    """Rows A and B less columns P and Q leave B·R alone: (100 + 109) - (100 + 100) - 0 = 9."""
    found = falls(
        table("""
                    P    Q    R    S  TOTAL
            A       ?    ?    0    0    100
            B       ?    ?    ?    0    109
            C       0    0    ?    ?    100
            D       0    0    ?    ?    100
            TOTAL 100  100  109  100    409
        """)
    )
    assert found == {("B", "R", "exact", 9, 9), ("B", "R", "below", 9, 9)}


def test_counting_rows_publishes_three_persons():
    """Twelve orders pass a threshold on rows; three persons stand in the open."""
    found = falls(
        table(
            """
                     DV     TOTAL
            A      12/3      12/3
            B     80/60     80/60
            TOTAL 92/63     92/63
        """,
            persons=True,
        )
    )
    assert {f[:3] for f in found} == {("A", "DV", "shown"), ("A", "TOTAL", "shown")}


def test_a_region_gives_its_only_hidden_county_away():
    """The state's margin holds, but the region's is published, too: 45 - 41 = 4."""
    parents = {"county": {"A": "north", "B": "north", "C": "south", "D": "south"}}
    found = falls(
        table(
            """
                   DV
            A       ?
            B      41
            C       ?
            D       ?
            north  45
            south 120
            TOTAL 165
        """,
            parents=parents,
        )
    )
    assert found == {("A", "DV", "exact", 4, 4), ("A", "DV", "below", 4, 4)}


def test_two_clean_tables_of_two_years_dates_differ_by_one_person():
    """Each holds alone. Together: A·TOTAL grew by one while B stayed, and A·CH was public before."""
    old = table("""
               CH   GV  TOTAL
        A      52   18     70
    """)
    new = table("""
               CH   GV  TOTAL
        A       ?    ?     70
        B       ?    ?     60
        TOTAL  70   60    130
    """)
    assert falls(new) == set()
    assert {f[:3] for f in falls(new, old)} == {(a, b, "exact") for a in "AB" for b in ("CH", "GV")}


def test_hiding_zeros_is_no_protection_while_the_rest_is_published():
    """A hidden zero beside published neighbours is what is left of the margin: 40 - 40."""
    found = falls(
        table("""
                   CH   GV  TOTAL
            A      40    ?     40
            B      30   25     55
            TOTAL  70   25     95
        """),
        zeros="hidden",
    )
    assert ("A", "GV", "exact", 0, 0) in found


def test_the_same_table_by_the_rule():
    """What ``suppress`` makes of the first table: no cell falls, whatever is known of the margins."""
    found = falls(
        table("""
                   CH   DV   GV  TOTAL
            A       ?   50    ?     93
            B       ?   70    ?    160
            TOTAL 100  120   33    253
        """)
    )
    assert found == set()
