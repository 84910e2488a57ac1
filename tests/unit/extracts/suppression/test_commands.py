"""The commands on files: the contract of OUT.csv, and every bad table refused with its place."""

import csv
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crypto.errors import SharedSecretUnusable
from crypto.resting import make_shared_secret
from extracts.suppression import commands
from extracts.suppression import errors as e
from extracts.suppression.commands import audit_file, suppress_file
from extracts.suppression.rates import derive_file
from systems.errors import OutputTaken

GOOD = "county,sex,n,p\nA,F,3,3\nA,M,40,30\nB,F,50,20\nB,M,60,50\nC,F,25,25\nC,M,70,60\n"


def write(tmp_path, text, name="cells.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def run(tmp_path, text, **more):
    options = {"dims": ["county", "sex"], "count": "n", "persons": "p", **more}
    return suppress_file(write(tmp_path, text), out=tmp_path / "out.csv", **options)


def read(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_out_has_every_cell_and_margin_with_its_status(tmp_path):
    outcome = run(tmp_path, GOOD, explain=tmp_path / "why.csv")
    rows = read(tmp_path / "out.csv")
    assert list(rows[0]) == ["county", "sex", "n", "p", "status"]
    assert len(rows) == 4 * 3 == outcome.numbers()["cells"]
    assert {r["status"] for r in rows} == {"published", "suppressed"}
    for row in rows:
        assert (row["n"] == "") == (row["p"] == "") == (row["status"] == "suppressed")
    by = {(r["county"], r["sex"]): r for r in rows}
    assert by["TOTAL", "TOTAL"]["n"] == "248"
    assert by["TOTAL", "M"]["p"] == "60"  # persons are not additive: the largest of its cells
    assert by["A", "F"]["status"] == "suppressed"
    assert (outcome.pattern.primary.sum(), outcome.pattern.secondary.sum()) == (1, 3)
    why = read(tmp_path / "why.csv")
    assert [r["reason"] for r in why].count("primary") == 1
    assert all(int(r["low"]) < int(r["high"]) for r in why)
    assert stat.S_IMODE((tmp_path / "why.csv").stat().st_mode) == 0o600
    report = audit_file(tmp_path / "out.csv", dims=["county", "sex"], count="n", persons="p")
    assert report.holds
    assert report.hidden == 4


def test_the_audit_breaks_primary_suppression(tmp_path):
    text = "county,sex,n\nA,F,\nA,M,40\nA,TOTAL,43\nB,F,50\nB,M,60\nB,TOTAL,110\n"
    text += "TOTAL,F,53\nTOTAL,M,100\nTOTAL,TOTAL,153\n"
    report = audit_file(write(tmp_path, text), dims=["county", "sex"], count="n")
    assert ("A", "F") in {f.labels for f in report.falls if f.how == "exact"}


def test_earlier_tables_are_read_as_they_were_written(tmp_path):
    run(tmp_path, GOOD)
    (tmp_path / "out.csv").rename(tmp_path / "before.csv")
    run(tmp_path, GOOD, earlier=[tmp_path / "before.csv"])
    assert read(tmp_path / "out.csv") == read(tmp_path / "before.csv")
    more = GOOD.replace("C,M,70,60", "C,M,71,61")
    with pytest.raises(e.RevisedError):
        run(tmp_path, more, earlier=[tmp_path / "before.csv"])


def test_hierarchy_and_linked_tables(tmp_path):
    tree = write(tmp_path, "child,parent\nA,north\nB,north\nC,south\n", "tree.csv")
    linked = write(
        tmp_path, "county,age,n,p\nA,old,21,20\nA,young,22,20\nB,old,110,60\nC,old,95,80\n", "l.csv"
    )
    outcome = run(tmp_path, GOOD, hierarchy={"county": tree}, linked=[linked])
    assert [p.name for p in outcome.written] == ["out.csv", "out-linked-1.csv"]
    assert {r["county"] for r in read(tmp_path / "out.csv")} == {
        "A",
        "B",
        "C",
        "north",
        "south",
        "TOTAL",
    }


BAD = {
    "margin": (GOOD + "TOTAL,TOTAL,249,70\n", e.MarginMismatchError, "7"),
    "level called TOTAL": (GOOD.replace("C,", "TOTAL,"), e.MarginMismatchError, "5"),
    "like TOTAL": (GOOD.replace("C,F", "Total,F"), e.BadLevelError, "5"),
    "negative": (GOOD.replace("40,30", "-40,30"), e.BadNumberError, "2"),
    "fraction": (GOOD.replace("40,30", "40.5,30"), e.BadNumberError, "2"),
    "no number": (GOOD.replace("40,30", "Smith,30"), e.BadNumberError, "2"),
    "persons above orders": (GOOD.replace("3,3", "3,4"), e.PersonsMismatchError, "1"),
    "no persons on orders": (GOOD.replace("3,3", "3,0"), e.PersonsMismatchError, "1"),
    "margin of persons": (GOOD + "TOTAL,M,170,59\n", e.PersonsMismatchError, "7"),
    "twice": (GOOD + "A,F,3,3\n", e.DuplicateCellError, "7"),
    "empty level": (GOOD.replace("C,F", ",F"), e.BadLevelError, "5"),
    "ragged": (GOOD + "D,F,3\n", e.TableUnreadableError, "7"),
    "no column": (GOOD.replace(",p\n", ",q\n"), e.TableUnreadableError, "1"),
    "empty": ("", e.TableUnreadableError, ""),
    "header only": ("county,sex,n,p\n", e.TableUnreadableError, ""),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables_are_refused_with_place_and_reason(tmp_path, name):
    text, error, place = BAD[name]
    with pytest.raises(error) as caught:
        run(tmp_path, text)
    assert place in str(caught.value)
    assert "Smith" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_bad_requests(tmp_path):
    for options in ({"threshold": 1}, {"dims": []}, {"dims": ["n", "sex"]}, {"zeros": "maybe"}):
        with pytest.raises(e.BadRequestError):
            run(tmp_path, GOOD, **options)
    with pytest.raises(e.TableUnreadableError):
        suppress_file(tmp_path, dims=["a"], count="n", out=tmp_path / "o.csv")
    (tmp_path / "cells.csv").write_text(GOOD)
    with pytest.raises(e.TableUnwritableError):
        suppress_file(
            tmp_path / "cells.csv",
            dims=["county", "sex"],
            count="n",
            persons="p",
            out=tmp_path / "nowhere" / "out.csv",
        )
    loop = write(tmp_path, "child,parent\nA,x\nx,y\ny,x\n", "loop.csv")
    with pytest.raises(e.BadHierarchyError):
        run(tmp_path, GOOD, hierarchy={"county": loop})


def test_parquet_in_and_out_is_the_same_table(tmp_path):
    rows = read(write(tmp_path, GOOD))
    typed = {name: [r[name] for r in rows] for name in ("county", "sex")}
    typed |= {name: [int(r[name]) for r in rows] for name in ("n", "p")}
    pq.write_table(pa.table(typed), tmp_path / "cells.parquet")
    options = {"dims": ["county", "sex"], "count": "n", "persons": "p"}
    run(tmp_path, GOOD)
    suppress_file(tmp_path / "cells.parquet", out=tmp_path / "out.parquet", **options)
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.schema.field("n").type == pa.int64()
    assert stat.S_IMODE((tmp_path / "out.parquet").stat().st_mode) == 0o644
    as_text = [{k: "" if v is None else str(v) for k, v in r.items()} for r in out.to_pylist()]
    assert as_text == read(tmp_path / "out.csv")
    assert audit_file(tmp_path / "out.parquet", **options).holds


def test_a_parquet_file_with_half_an_order_is_refused(tmp_path):
    table = pa.table({"a": ["x", "y"], "n": [1.5, 20.0]})
    pq.write_table(table, tmp_path / "cells.parquet")
    with pytest.raises(e.BadNumberError) as error:
        suppress_file(tmp_path / "cells.parquet", dims=["a"], count="n", out=tmp_path / "o.csv")
    assert "rows 1" in str(error.value)
    (tmp_path / "cells.parquet").write_bytes(b"PAR1")
    with pytest.raises(e.TableUnreadableError):
        suppress_file(tmp_path / "cells.parquet", dims=["a"], count="n", out=tmp_path / "o.csv")


@pytest.mark.parametrize("count", ["1000000000", "999999999"])
def test_counts_beyond_what_the_solvers_prove_are_refused(tmp_path, count):
    text = f"a,n\nx,{count}\ny,20\nz,1\n"  # alone too large, or with its total
    with pytest.raises(e.BadNumberError):
        run(tmp_path, text, dims=["a"], count="n", persons=None)


def test_large_counts_are_audited_without_being_told_the_truth(tmp_path):
    text = GOOD.replace("40,30", "200000040,30").replace("60,50", "300000060,50")
    run(tmp_path, text)
    options = {"dims": ["county", "sex"], "count": "n", "persons": "p"}
    assert audit_file(tmp_path / "out.csv", **options).holds


def test_clean_up_is_as_long_as_it_is_given(tmp_path):
    rows = [
        f"{a},{b},{(7 * i * j + 3 * i + 5 * j) % 23 + 4}"
        for i, a in enumerate("ABCDE")
        for j, b in enumerate("VWXYZ")
    ]
    text = "\n".join(["a,b,n", *rows]) + "\n"
    options = {"dims": ["a", "b"], "count": "n", "persons": None}
    none = run(tmp_path, text, clean_programmes=0, **options)
    usual = run(tmp_path, text, **options)
    assert usual.pattern.secondary.sum() <= none.pattern.secondary.sum()
    solved = "programmes solved"
    assert usual.numbers()[solved] > none.numbers()[solved]
    assert none.pattern.report.holds


# --- no output is an input or another output; all of one call appear or none

CLASHES = {
    "the input": {"out": "cells.csv"},
    "the explanation is the table": {"explain": "out.csv"},
    "the page is the explanation": {"explain": "why", "heat_map": "why"},
    "the explanation is a linked table": {"explain": "out-linked-1.csv"},
    "the page is the hierarchy": {"heat_map": "tree.csv"},
    "the table is an earlier one": {"out": "before.csv"},
    "the table is the linked one": {"out": "linked.csv"},
}


@pytest.mark.parametrize("case", CLASHES)
def test_an_output_over_another_file_of_the_call_is_refused(tmp_path, case):
    given = {name: tmp_path / file for name, file in CLASHES[case].items()}
    linked = write(
        tmp_path, "county,age,n,p\nA,old,43,30\nB,old,110,60\nC,old,95,80\n", "linked.csv"
    )
    tree = write(tmp_path, "child,parent\nA,north\nB,north\n", "tree.csv")
    before = write(tmp_path, "county,n,p,status\nA,43,30,published\n", "before.csv")
    cells = write(tmp_path, GOOD)
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(OutputTaken) as caught:
        suppress_file(
            cells,
            dims=["county", "sex"],
            count="n",
            persons="p",
            hierarchy={"county": tree},
            linked=[linked],
            earlier=[before],
            **({"out": tmp_path / "out.csv"} | given),
        )
    assert caught.value.facts["option"] == "--" + list(given)[-1].replace("_", "-")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize("option", ["explain", "heat_map"])
def test_a_folder_that_is_not_there_is_refused_before_anything_is_read(tmp_path, option):
    place = tmp_path / "no" / "file"
    with pytest.raises(e.TableUnwritableError, match="--" + option.replace("_", "-")):
        suppress_file(
            tmp_path / "none.csv",
            dims=["a"],
            count="n",
            out=tmp_path / "out.csv",
            **{option: place},
        )
    assert not list(tmp_path.iterdir())


def test_where_one_output_fails_none_appears(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "_map_page", lambda *_: (_ for _ in ()).throw(OSError()))
    with pytest.raises(e.TableUnwritableError):
        run(tmp_path, GOOD, explain=tmp_path / "why.csv", heat_map=tmp_path / "map.html")
    assert [path.name for path in tmp_path.iterdir()] == ["cells.csv"]


def test_rates_are_not_written_over_what_they_are_made_of(tmp_path):
    table = write(tmp_path, "a,n,status\nx,40,published\nTOTAL,40,published\n", "t.csv")
    people = write(tmp_path, "a,population\nx,80\n", "p.csv")
    for out in (table, people):
        before = out.read_bytes()
        with pytest.raises(OutputTaken, match="--out"):
            derive_file(
                table, dims=["a"], count="n", percent_of=None, population=people, per=1, out=out
            )
        assert out.read_bytes() == before


# --- what a table's owner asks of its cells


def test_cells_that_must_be_published_are_and_weights_are_followed(tmp_path):
    plain = run(tmp_path, GOOD)
    assert hidden(tmp_path) == {("A", "F"), ("A", "M"), ("C", "F"), ("C", "M")}
    must = write(tmp_path, "sex,county\nF,C\nTOTAL,A\n", "must.csv")
    run(tmp_path, GOOD, must_publish=must)
    assert hidden(tmp_path) == {("A", "F"), ("A", "M"), ("B", "F"), ("B", "M")}
    may = write(tmp_path, "county,sex,weight\nB,F,0.1\nB,M,0.1\n", "may.csv")
    cheap = run(tmp_path, GOOD, may_hide=may)
    assert hidden(tmp_path) == {("A", "F"), ("A", "M"), ("B", "F"), ("B", "M")}
    assert cheap.pattern.hidden.sum() == plain.pattern.hidden.sum()


ASKED = {
    "it is small": ("county,sex\nB,F\nA,F\n", e.CantStayOpenError, [2]),
    "nothing else protects": ("county,sex\nA,M\nA,TOTAL\n", e.CantStayOpenError, [1]),
    "no such cell": ("county,sex\nA,M\nD,F\n", e.CellUnknownError, [2]),
    "twice": ("county,sex\nB,M\nB,M\n", e.DuplicateCellError, [2]),
    "a dimension short": ("county\nA\n", e.TableUnreadableError, None),
}


@pytest.mark.parametrize("case", ASKED)
def test_what_can_not_stay_open_is_refused_by_its_row(tmp_path, case):
    text, error, rows = ASKED[case]
    with pytest.raises(error) as caught:
        run(tmp_path, GOOD, must_publish=write(tmp_path, text, "must.csv"))
    assert rows is None or list(caught.value.facts["rows"]) == rows
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("weight", ["0", "-1", "x", "", "1001", "1e2", "nan"])
def test_a_weight_that_is_none_is_refused_by_its_row(tmp_path, weight):
    may = write(tmp_path, f"county,sex,weight\nB,F,0.001\nB,M,{weight}\n", "may.csv")
    with pytest.raises(e.BadWeightError) as caught:
        run(tmp_path, GOOD, may_hide=may)
    assert (caught.value.facts["rows"], caught.value.facts["column"]) == ((2,), "weight")
    with pytest.raises(OutputTaken, match="--may-hide"):
        run(tmp_path, GOOD, may_hide=tmp_path / "out.csv")


def hidden(tmp_path):
    rows = read(tmp_path / "out.csv")
    return {(r["county"], r["sex"]) for r in rows if r["status"] == "suppressed"}


def test_a_secret_file_chooses_the_pattern_and_is_read_only_where_it_is_ones_own(tmp_path):
    secret = tmp_path / "secret"
    make_shared_secret(secret)
    assert run(tmp_path, GOOD).choice == "can be rerun without a secret"
    outcome = run(tmp_path, GOOD, secret_file=secret)
    assert outcome.choice == "under a secret"
    first = (tmp_path / "out.csv").read_bytes()
    run(tmp_path, GOOD, secret_file=secret)
    assert (tmp_path / "out.csv").read_bytes() == first
    secret.chmod(0o644)
    with pytest.raises(SharedSecretUnusable):
        run(tmp_path, GOOD, secret_file=secret)


def test_seconds_bound_the_search_and_the_bound_is_said(tmp_path):
    outcome = run(tmp_path, GOOD, seconds=5.0)
    numbers = outcome.numbers()
    assert (
        numbers["gap"]
        == numbers["hidden to protect them"] - numbers["fewest possible (proven bound)"]
    )
    assert numbers["gap"] == outcome.gap == 0
    assert run(tmp_path, GOOD, clean_programmes=0).gap is None
