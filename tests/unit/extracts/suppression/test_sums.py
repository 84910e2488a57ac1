"""Levels that are sums of others, and columns that are others by another name: the counts say so."""

import numpy as np
import pytest

from extracts.suppression import errors as e
from extracts.suppression.codebook import Codebook
from extracts.suppression.commands import audit_file, suppress_file
from extracts.suppression.labels import Listing
from extracts.suppression.sums import check_sums
from tests.unit.extracts.suppression.test_labels_and_bands import put, suppressed

WITH_A_REGION = """
area type n
A CH 40
A DV 50
A GV 3
B CH 60
B DV 70
B GV 30
C CH 80
C DV 90
C GV 35
North CH 100
North DV 120
North GV 33
"""
EARLIER = """
county type n status
A CH 40 published
A DV 50 published
A TOTAL 90 published
B CH 60 published
B DV 70 published
B TOTAL 130 published
C CH 80 published
C DV 90 published
C TOTAL 170 published
TOTAL CH 180 published
TOTAL DV 210 published
TOTAL TOTAL 390 published
"""
NOW = """
{} type sex n
{} CH F 4
{} CH M 36
{} DV F 20
{} DV M 30
{} CH F 30
{} CH M 30
{} DV F 40
{} DV M 30
{} CH F 40
{} CH M 40
{} DV F 40
{} DV M 50
"""


def now(column, *levels):
    """The same orders by sex, too, under other names."""
    return NOW.format(column, *(level for level in levels for _ in range(4)))


def test_a_level_that_is_the_sum_of_some_others_is_refused_until_somebody_says_what_it_is(tmp_path):
    """North is A and B: hidden with a cell of C, the 3 of A is 33 - 30."""
    with pytest.raises(e.LevelIsSumError) as caught:
        suppressed(tmp_path, WITH_A_REGION, ["area", "type"])
    assert "--hierarchy" in str(caught.value)
    assert "row 10" in str(caught.value)
    assert "North" not in str(caught.value)
    tree = put(tmp_path, tree="child parent\nA North\nB North")["tree"]
    shown = suppressed(tmp_path, WITH_A_REGION, ["area", "type"], hierarchy={"area": tree})
    assert (shown["A", "GV"], shown["TOTAL", "TOTAL"]) == ("", "458")
    lines = "dimension level atoms\n" + "\n".join(f"area {x} {x}" for x in ("A", "B", "C", "North"))
    book = put(tmp_path, book=lines)["book"]
    shown = suppressed(tmp_path, WITH_A_REGION, ["area", "type"], codebook=book)
    assert shown["TOTAL", "TOTAL"] == "711"


def test_the_audit_asks_of_a_level_that_is_a_sum(tmp_path):
    table = put(tmp_path, table=WITH_A_REGION)["table"]
    table.write_text(table.read_text().replace("C,GV,35", "C,GV,").replace("A,GV,3\n", "A,GV,\n"))
    with pytest.raises(e.LevelIsSumError):
        audit_file(table, dims=["area", "type"], count="n")


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        ("cnty", "ABC"),
        ("\uff43\uff4f\uff55\uff4e\uff54\uff59", "ABC"),
        ("place", ["001", "007", "041"]),
    ],
)
def test_a_column_by_another_name_is_refused_until_somebody_says_what_it_is(
    tmp_path, column, levels
):
    with pytest.raises((e.AlikeColumnsError, e.AlikeLevelsError)) as caught:
        suppressed(tmp_path, now(column, *levels), [column, "type", "sex"], EARLIER)
    assert "--codebook" in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_what_a_column_by_another_name_hid_stays_hidden(tmp_path):
    """A·F and A·M were hidden; without type, under another name, they would be told."""
    earlier = "county n status\nA 40 published\nB 60 published\nC 80 published\n"
    cells = "cnty sex n\nA F 4\nA M 36\nB F 30\nB M 30\nC F 40\nC M 40"
    with pytest.raises(e.AlikeColumnsError) as caught:
        suppressed(tmp_path, cells, ["cnty", "sex"], earlier)
    assert "county" in str(caught.value)
    same = tmp_path / "same.csv"
    same.write_text("dimension,level,atoms\ncnty,,county\n")
    shown = suppressed(tmp_path, cells, ["cnty", "sex"], earlier, codebook=same)
    assert (shown["A", "F"], shown["A", "TOTAL"]) == ("", "40")
    apart = tmp_path / "apart.csv"
    lines = [f"{name},{x},{x}" for name in ("county", "cnty") for x in "ABC"]
    apart.write_text("\n".join(["dimension,level,atoms", *lines, ""]))
    assert suppressed(tmp_path, cells, ["cnty", "sex"], earlier, codebook=apart)


def test_a_column_of_groups_is_refused_until_a_codebook_says_of_what(tmp_path):
    earlier = (
        "region type n status\nnorth CH 100 published\nnorth DV 120 published\n"
        "south CH 80 published\nsouth DV 90 published\n"
    )
    cells = "county type n\nA CH 97\nA DV 50\nB CH 3\nB DV 70\nC CH 80\nC DV 90"
    with pytest.raises(e.AlikeColumnsError):
        suppressed(tmp_path, cells, ["county", "type"], earlier)
    book = tmp_path / "book.csv"
    book.write_text(
        "dimension,level,atoms\nregion,,county\nregion,north,A;B\nregion,south,C\n"
        "county,A,A\ncounty,B,B\ncounty,C,C\n"
    )
    shown = suppressed(tmp_path, cells, ["county", "type"], earlier, codebook=book)
    assert (shown["A", "CH"], shown["B", "CH"], shown["C", "CH"]) == ("", "", "80")


def test_bands_of_ages_by_another_name_are_refused(tmp_path):
    """0-19 beside the 0-17 of before: three persons of 18 and 19, whatever the columns are called."""
    earlier = "ageband n status\n0-17 20 published\n18+ 100 published"
    with pytest.raises(e.AlikeColumnsError):
        suppressed(tmp_path, "age n\n0-19 23\n20+ 97", ["age"], earlier)
    book = tmp_path / "book.csv"
    bands = [("0-17", "0..17"), ("18+", "18.."), ("0-19", "0..19"), ("20+", "20..")]
    lines = [f"age,{level},{atoms}" for level, atoms in bands]
    book.write_text("\n".join(["dimension,level,atoms", "ageband,,age", *lines, ""]))
    assert suppressed(tmp_path, "age n\n0-19 23\n20+ 97", ["age"], earlier, codebook=book) == {
        ("0-19",): "",
        ("20+",): "",
        ("TOTAL",): "120",
    }


def test_columns_with_the_same_levels_and_other_counts_are_two(tmp_path):
    earlier = "brady n status\nY 70 published\nN 41 published"
    assert suppressed(tmp_path, "firearms n\nY 50\nN 61", ["firearms"], earlier)


def test_linked_columns_by_another_name_are_refused_too(tmp_path):
    files = put(
        tmp_path,
        cells="county type n\nA CH 40\nA DV 51\nB CH 60\nB DV 72",
        other="cnty sex n\nA F 4\nA M 87\nB F 70\nB M 62",
    )
    with pytest.raises(e.AlikeColumnsError):
        suppress_file(
            files["cells"],
            dims=["county", "type"],
            count="n",
            linked=[files["other"]],
            out=tmp_path / "out.csv",
        )


def test_chance_is_not_taken_for_a_sum(tmp_path):
    """Of 200 tables of independent counts at most two are asked about."""
    chance = np.random.default_rng(1)
    asked = 0
    for _ in range(200):
        rows, cols = chance.integers(3, 9), chance.integers(1, 5)
        counts = chance.poisson(chance.choice([1, 4, 15, 60], size=(rows, cols)))
        rows = [
            (n, (f"a{i}", f"b{j}"), int(k)) for n, ((i, j), k) in enumerate(np.ndenumerate(counts))
        ]
        try:
            check_sums([Listing("cells", ("a", "b"), rows)], {}, Codebook())
        except e.LevelIsSumError:
            asked += 1
    assert asked <= 2


def test_nor_is_chance_taken_for_groups_of_another_column(tmp_path):
    """Two halves of 2,500 orders beside six groups: one in forty is a sum of some by chance alone, and is not asked about."""
    earlier = "half n status\nnorth 1204 published\nsouth 1307 published"
    groups = [("a", 1001), ("b", 203), ("c", 700), ("d", 411), ("e", 150), ("f", 46)]
    cells = "\n".join(["race n", *(f"{level} {count}" for level, count in groups)])
    assert suppressed(tmp_path, cells, ["race"], earlier)
