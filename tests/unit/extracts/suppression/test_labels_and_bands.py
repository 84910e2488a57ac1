"""Labels that are spelt or cut differently: one level, atoms that are attacked together, or refused with the place."""

import pytest

from extracts.suppression import errors as e
from extracts.suppression.commands import audit_file, suppress_file


def put(tmp_path, **files):
    """Write files, each given as lines with blanks between the fields; return their paths."""
    paths = {}
    for name, lines in files.items():
        paths[name] = tmp_path / f"{name}.csv"
        text = "\n".join(",".join(line.split()) for line in lines.strip().splitlines())
        paths[name].write_text(text.replace("_", " ") + "\n", encoding="utf-8")
    return paths


def suppressed(tmp_path, cells, dims, earlier=None, **more):
    files = put(tmp_path, cells=cells, **({"earlier": earlier} if earlier else {}))
    before = [files["earlier"]] if earlier else []
    out = tmp_path / "out.csv"
    suppress_file(files["cells"], dims=dims, count="n", earlier=before, out=out, **more)
    rows = [line.split(",") for line in out.read_text().splitlines()[1:]]
    return {tuple(row[: len(dims)]): row[-2] for row in rows}


# --- bands that overlap

EARLIER_BANDS = """
county age n status
A 0-17 20 published
A 18+ 100 published
A TOTAL 120 published
B 0-17 30 published
B 18+ 80 published
B TOTAL 110 published
TOTAL 0-17 50 published
TOTAL 18+ 180 published
TOTAL TOTAL 230 published
"""
BANDS_NOW = """
county age n
A 0-19 23
A 20+ 97
B 0-19 44
B 20+ 66
"""
AGES = """
dimension level atoms
age 0-17 0..17
age 18+ 18..
age 0-19 0..19
age 20+ 20..
"""


def test_bands_that_overlap_are_refused_without_a_codebook(tmp_path):
    with pytest.raises(e.OverlappingLevelsError) as caught:
        suppressed(tmp_path, BANDS_NOW, ["county", "age"], EARLIER_BANDS)
    assert "age" in str(caught.value)
    assert "--codebook" in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_with_a_codebook_what_lies_between_two_bands_is_protected(tmp_path):
    """0-19 beside the 0-17 of before: 23 - 20 leaves three persons of 18 and 19 in A, 14 in B."""
    book = put(tmp_path, book=AGES)["book"]
    shown = suppressed(tmp_path, BANDS_NOW, ["county", "age"], EARLIER_BANDS, codebook=book)
    assert (shown["A", "0-19"], shown["A", "20+"]) == ("", "")
    assert (shown["TOTAL", "0-19"], shown["A", "TOTAL"]) == ("67", "120")
    report = audit_file(
        tmp_path / "out.csv",
        dims=["county", "age"],
        count="n",
        earlier=[tmp_path / "earlier.csv"],
        codebook=book,
    )
    assert report.holds


def test_the_audit_gets_the_difference_of_two_bands(tmp_path):
    files = put(tmp_path, book=AGES, table=BANDS_NOW, earlier=EARLIER_BANDS)
    report = audit_file(
        files["table"],
        dims=["county", "age"],
        count="n",
        earlier=[files["earlier"]],
        codebook=files["book"],
    )
    assert [(f.labels, f.how, f.low, f.high) for f in report.falls] == [
        (("A", "[18-19]"), "exact", 3, 3)
    ]


def test_two_public_tables_that_gave_a_small_difference_away_can_not_be_mended(tmp_path):
    files = put(tmp_path, book=AGES, earlier=EARLIER_BANDS, other=BANDS_NOW, cells=BANDS_NOW)
    with pytest.raises(e.CannotProtectError):
        suppress_file(
            files["cells"],
            dims=["county", "age"],
            count="n",
            earlier=[files["earlier"], files["other"]],
            codebook=files["book"],
            out=tmp_path / "out.csv",
        )


OVERLAPS = {
    "beside each other": "0-17 0-19",
    "open above": "80-89 85+",
    "open below": "<18 10-20",
    "in words": "0_to_17 17_and_over",
    "the same": "0-17 00-17",
    "months": "0-11_months 0-1",
    "within": "18+ 65+",
    "years": "2020-2022 2022",
    "a month of a year": "2022 2022-03",
}


@pytest.mark.parametrize("name", OVERLAPS)
def test_ranges_that_overlap_in_one_table_are_refused(tmp_path, name):
    one, other = OVERLAPS[name].split()
    with pytest.raises(e.OverlappingLevelsError):
        suppressed(tmp_path, f"age n\n{one} 20\n{other} 30\nunknown 15", ["age"])


@pytest.mark.parametrize(
    "levels", ["0-17 18-64 65+", "<18 18_to_29 30+", "2021 2022 2023", "2022-01 2022-02 x"]
)
def test_ranges_that_stand_apart_go_on_as_before(tmp_path, levels):
    one, two, three = levels.split()
    shown = suppressed(tmp_path, f"age n\n{one} 20\n{two} 30\n{three} 15", ["age"])
    assert len(shown) == 4


def test_levels_of_one_table_may_nest_where_the_codebook_says_so(tmp_path):
    book = "dimension level atoms\nage 0-17 0..17\nage 0-9 0..9\nage 10-17 10..17\nage 18+ 18.."
    files = put(tmp_path, book=book)
    cells = "age n\n0-9 20\n10-17 30\n18+ 40\n0-17 50"
    shown = suppressed(tmp_path, cells, ["age"], codebook=files["book"])
    assert shown[("TOTAL",)] == "90"
    with pytest.raises(e.OverlappingLevelsError):
        suppressed(
            tmp_path, cells.replace("10-17 30\n", ""), ["age"], codebook=files["book"]
        )  # 10-17 would be what 0-17 and 0-9 leave


# --- labels that are spelt differently

EARLIER_UPPER = """
county type n status
A DV 50 published
A CH 34 published
A TOTAL 84 published
B DV 29 published
B CH 23 published
B TOTAL 52 published
TOTAL DV 79 published
TOTAL CH 57 published
TOTAL TOTAL 136 published
"""


@pytest.mark.parametrize(
    "label", ["a", "_A", "A_", ["Å", "Å"][1]], ids=["case", "before", "after", "nfd"]
)
def test_labels_that_differ_in_case_blanks_or_normal_form_are_refused(tmp_path, label):
    like = "\u00c5" if "\u030a" in label else "A"
    earlier = EARLIER_UPPER.replace("A ", f"{like} ").replace("TOT" + like, "TOTA")
    cells = f"county type n\n{label} DV 50\n{label} CH 34\nB DV 29\nB CH 23"
    with pytest.raises(e.AlikeLevelsError) as caught:
        suppressed(tmp_path, cells, ["county", "type"], earlier)
    assert "column county" in str(caught.value)
    assert "row 1" in str(caught.value)


def test_renames_are_lines_of_the_codebook(tmp_path):
    lines = "dimension level atoms\ncounty a A\ncounty B B\n"
    book = put(tmp_path, book=lines)["book"]
    cells = "county type n\na DV 50\na CH 34\nB DV 29\nB CH 23"
    shown = suppressed(tmp_path, cells, ["county", "type"], EARLIER_UPPER, codebook=book)
    assert shown["a", "CH"] == "34"
    with pytest.raises(e.RevisedError):
        suppressed(
            tmp_path,
            cells.replace("34", "33"),
            ["county", "type"],
            EARLIER_UPPER,
            codebook=book,
        )


def test_columns_that_differ_in_case_are_refused(tmp_path):
    earlier = "County n status\nA 50 published\nB 60 published"
    with pytest.raises(e.AlikeLevelsError):
        suppressed(tmp_path, "county n\nA 50\nB 60", ["county"], earlier)
    book = put(tmp_path, book="dimension level atoms\nCounty _ county".replace(" _ ", ",,"))
    text = book["book"].read_text().replace(" ", "")
    book["book"].write_text(text)
    assert suppressed(tmp_path, "county n\nA 50\nB 60", ["county"], earlier, codebook=book["book"])


def test_levels_that_only_one_table_knows_are_refused(tmp_path):
    now = "type n\nDV 50\nGV 20"
    for earlier in (
        "type n status\nDV 50 published\nXX 20 published",
        "type n status\nDV 50 published",
    ):
        with pytest.raises(e.UnknownLevelError) as caught:
            suppressed(tmp_path, now, ["type"], earlier)
        assert "row 2" in str(caught.value)
        assert "XX" not in str(caught.value)
    fewer = "type n status\nDV 50 published\nGV 20 published\nCH 0 published"
    assert suppressed(tmp_path, now, ["type"], fewer)
    years = "year n status\n2021 50 published\nTOTAL 50 published"
    assert suppressed(tmp_path, "year n\n2022 40", ["year"], years)


def test_of_a_dimension_in_the_codebook_every_level_is_named(tmp_path):
    book = put(tmp_path, book="dimension level atoms\nage 0-17 0..17\nname Smith s")["book"]
    with pytest.raises(e.UnknownLevelError) as caught:
        suppressed(tmp_path, "age n\n0-17 20\n18+ 30", ["age"], codebook=book)
    assert "level 18+" in str(caught.value)
    with pytest.raises(e.UnknownLevelError) as caught:
        suppressed(tmp_path, "name n\nSmith 20\nJones 30", ["name"], codebook=book)
    assert "Jones" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["age,0-17,17..0", "age,0-17,", ",0-17,0..17", "age,0-17,2024-02-30..2024-03-01", "age,x"],
)
def test_bad_codebooks_are_refused(tmp_path, text):
    book = tmp_path / "book.csv"
    book.write_text(f"dimension,level,atoms\n{text}\n")
    with pytest.raises(e.BadCodebookError):
        suppressed(tmp_path, "age n\n0-17 20", ["age"], codebook=book)


def test_a_codebook_may_be_toml(tmp_path):
    book = tmp_path / "book.toml"
    book.write_text('[age]\n"0-17" = "0..17"\n"18+" = "18.."\n"0-19" = "0..19"\n"20+" = "20.."\n')
    shown = suppressed(tmp_path, BANDS_NOW, ["county", "age"], EARLIER_BANDS, codebook=book)
    assert shown["A", "0-19"] == ""


# --- margins by another name

ALL = """
a b n
x u 3
y u 4
All u 7
x v 40
y v 50
All v 90
x w 40
y w 60
All w 100
"""


def test_a_level_that_is_the_sum_of_the_others_is_refused_until_somebody_says_what_it_is(tmp_path):
    with pytest.raises(e.LevelIsTotalError) as caught:
        suppressed(tmp_path, ALL, ["a", "b"])
    assert "--total" in str(caught.value)
    assert "row 3" in str(caught.value)
    shown = suppressed(tmp_path, ALL, ["a", "b"], totals={"a": frozenset({"All"})})
    assert shown["TOTAL", "u"] == ""
    book = put(tmp_path, book="dimension level atoms\na All *")["book"]
    assert suppressed(tmp_path, ALL, ["a", "b"], codebook=book) == shown
    book = put(tmp_path, book="dimension level atoms\na x x\na y y\na All All")["book"]
    assert ("All", "u") in suppressed(tmp_path, ALL, ["a", "b"], codebook=book)


def test_the_audit_finds_a_margin_by_another_name(tmp_path):
    table = put(tmp_path, table=ALL.replace("x u 3", "x u ,").replace(" ,", " "))["table"]
    table.write_text(ALL.strip().replace(" ", ",").replace("x,u,3", "x,u,") + "\n")
    with pytest.raises(e.LevelIsTotalError):
        audit_file(table, dims=["a", "b"], count="n")
    report = audit_file(table, dims=["a", "b"], count="n", totals={"a": frozenset({"All"})})
    assert ("x", "u") in {f.labels for f in report.falls}


def test_a_parent_that_is_called_like_the_total_is_refused(tmp_path):
    for name in ("Total", "TOTAL", "_total"):
        tree = put(tmp_path, tree=f"child parent\nx {name}\ny {name}")["tree"]
        with pytest.raises(e.BadHierarchyError) as caught:
            suppressed(tmp_path, "a n\nx 20\ny 30", ["a"], hierarchy={"a": tree})
        assert "row 1" in str(caught.value)


# --- hierarchies

EARLIER_COARSE = "g n status\nA 50 published\nB 60 published\nTOTAL 110 published"


def test_a_parent_that_was_published_as_a_leaf(tmp_path):
    tree = {"g": put(tmp_path, tree="child parent\na1 A")["tree"]}
    shown = suppressed(tmp_path, "g n\na1 50\nB 60", ["g"], EARLIER_COARSE, hierarchy=tree)
    assert shown[("a1",)] == shown[("A",)] == "50"
    with pytest.raises(e.RevisedError):
        suppressed(tmp_path, "g n\na1 51\nB 60", ["g"], EARLIER_COARSE, hierarchy=tree)


def test_coarse_first_fine_later(tmp_path):
    """The A of before gives a2 away beside a1: hiding both takes nothing that is not public."""
    tree = {"g": put(tmp_path, tree="child parent\na1 A\na2 A")["tree"]}
    shown = suppressed(tmp_path, "g n\na1 47\na2 3\nB 60", ["g"], EARLIER_COARSE, hierarchy=tree)
    assert (shown[("a1",)], shown[("a2",)], shown[("A",)]) == ("", "", "50")


def test_fine_first_coarse_later(tmp_path):
    """a1 was shown, a2 hidden, no A: showing A now would give a2 away."""
    tree = {"g": put(tmp_path, tree="child parent\na1 A\na2 A")["tree"]}
    earlier = "g n status\na1 47 published\na2 , suppressed\nB , suppressed\nTOTAL 110 published"
    files = put(tmp_path, earlier=earlier.replace(" , ", " - "))
    text = files["earlier"].read_text().replace("-", "")
    (tmp_path / "before.csv").write_text(text)
    out = tmp_path / "out.csv"
    cells = put(tmp_path, cells="g n\nA 50\nB 60")["cells"]
    suppress_file(
        cells, dims=["g"], count="n", hierarchy=tree, earlier=[tmp_path / "before.csv"], out=out
    )
    shown = dict(line.split(",")[:2] for line in out.read_text().splitlines()[1:])
    assert shown == {"A": "", "B": "", "TOTAL": "110"}


def test_of_a_small_sum_nobody_asks_that_it_be_less_than_its_parts_that_hold_somebody(tmp_path):
    """Two counties of 2 and 6 were hidden: their region may be anything from two on, and one would be no table."""
    counts = {"a1": (2, 30), "a2": (6, 25), "b1": (7, 40), "b2": (9, 31), "c1": (22, 12), "c2": (31, 40)}  # fmt: skip
    tree = put(tmp_path, tree="child parent\n" + "\n".join(f"{c} {c[0].upper()}" for c in counts))
    how = {"dims": ["g", "f"], "count": "n", "hierarchy": {"g": tree["tree"]}}
    fine = [f"{c} {f} {n}" for c, both in counts.items() for f, n in zip("xy", both, strict=True)]
    coarse = [
        f"{g} {f} {sum(both[n] for c, both in counts.items() if c[0].upper() == g)}"
        for g in "ABC"
        for n, f in enumerate("xy")
    ]
    files = put(tmp_path, fine="\n".join(["g f n", *fine]), coarse="\n".join(["g f n", *coarse]))
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    plain = {**how, "hierarchy": {}}  # the fine table was published without any region
    suppress_file(files["fine"], out=first, **plain)
    made = suppress_file(files["coarse"], earlier=[first], out=second, **how)
    assert made.gap == 0  # what the fine table hides is no price of this one
    rows = [line.split(",") for line in second.read_text().splitlines()[1:]]
    shown = {(row[0], row[1]): row[2] for row in rows}
    assert [shown[g, "x"] for g in "ABC"] == ["", "", "53"]
    assert audit_file(second, threshold=10, earlier=[first], **how).holds


def test_a_hierarchy_may_be_of_a_column_that_only_an_earlier_table_has(tmp_path):
    """Without it A would be counted beside a1 and a2, and the tables would contradict each other."""
    tree = {"g": put(tmp_path, tree="child parent\na1 A\na2 A")["tree"]}
    earlier = "g n status\na1 47 published\na2 30 published\nA 77 published\nTOTAL 77 published"
    shown = suppressed(tmp_path, "h n\nx 33\ny 44", ["h"], earlier, hierarchy=tree)
    assert shown[("TOTAL",)] == "77"
    with pytest.raises(e.BadRequestError):
        suppressed(tmp_path, "h n\nx 33\ny 44", ["h"], earlier, hierarchy={"i": tree["g"]})


@pytest.mark.parametrize("lines", ["x G\nG x", "x x", "x G\nG H\nH G"])
def test_loops_are_refused(tmp_path, lines):
    tree = {"a": put(tmp_path, tree=f"child parent\n{lines}")["tree"]}
    with pytest.raises(e.BadHierarchyError) as caught:
        suppressed(tmp_path, "a n\nx 20\ny 30", ["a"], hierarchy=tree)
    assert "row" in str(caught.value)
