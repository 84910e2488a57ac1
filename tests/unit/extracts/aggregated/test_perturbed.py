"""Perturbed tables of a register: one noise a set of records, closed for good, and never beside exact values."""

import datetime as dt
import hashlib

import pyarrow as pa
import pytest

from extracts.aggregated.extract import build_aggregate, published_before
from extracts.aggregated.perturbed import build_perturbed, perturbed_before
from extracts.aggregated.tabulation import AggregateSpec, tabulate, tabulate_keyed
from extracts.errors import MethodsMixed, NoiseProven
from extracts.perturbation import Attacked, Noise, Proven
from extracts.suppression.errors import RevisedError
from extracts.suppression.model.tables import SuppressionPolicy

ON = dt.date(2026, 11, 23)
POLICY = SuppressionPolicy()
NOISE = Noise("cell_key")
BOTH = pytest.mark.parametrize("noise", [NOISE, Noise("round")], ids=lambda noise: noise.method)


def keys(label, values):
    """What the home's secret makes of a record: 64 bits that nothing else tells."""
    made = [
        hashlib.blake2b(f"{label}/{v}".encode(), digest_size=8).digest() for v in values.to_pylist()
    ]
    return pa.array([int.from_bytes(one, "big") for one in made], pa.uint64())


def spec(*dims, families=("DV", "GV"), years=(2024, 2024)):
    return AggregateSpec(years, families, ON, dims=dims)


@pytest.fixture
def register(open_register):
    """``register(more)``: 400 orders of two families and years in three counties, and as many more in one cell of 2024."""

    def make(more=0):
        orders = [
            (
                n,
                ("OGV", "OAH")[n % 3 == 0],
                ("001", "003", "037")[n * n % 3],
                "MF"[n % 5 == 0],
                2023 + n % 2,
            )
            for n in range(400)
        ]
        orders += [(1000 + n, "OGV", "001", "M", 2024) for n in range(more)]
        return open_register(
            order_entry=[{"order_id": n, "order_code": code, "county_fips": county, "issue_date": dt.date(year, 5, 1)} for n, code, county, _, year in orders],
            person=[{"person_id": n // 2 if n < 60 else n, "sex": sex} for n, _, _, sex, _ in orders if n >= 60 or n % 2 == 0],
            order_party=[{"order_id": n, "person_id": n // 2 if n < 60 else n, "role": "respondent"} for n, *_ in orders],
        )  # fmt: skip

    return make


def values(made, dims):
    return {
        tuple(row[d] for d in dims): (row["orders"], row["persons"])
        for row in made.table.to_pylist()
    }


@BOTH
def test_every_cell_is_shown_and_none_stands_for_fewer_than_ten(register, carpos, noise):
    con = register()
    made = build_perturbed(con, carpos, spec("county", "family"), POLICY, noise, keys)
    true = tabulate(con, carpos, spec("county", "family"))
    assert set(made.table["status"].to_pylist()) == {"perturbed"}
    shown = made.table.to_pylist()
    for row, people in zip(shown, true.people.ravel().tolist(), strict=True):
        assert row["persons"] == 0 or row["persons"] >= 10
        assert abs(row["persons"] - people) <= noise.reach
        assert row["orders"] >= row["persons"]
        assert people or row["orders"] == 0
    assert any(r["persons"] != p for r, p in zip(shown, true.people.ravel().tolist(), strict=True))
    assert made.explanation.num_rows == 0
    assert made.audit.holds


def test_the_counts_are_those_of_a_table_without_keys(register, carpos):
    con = register()
    counted, sums = tabulate_keyed(con, carpos, spec("county", "sex"), keys)
    plain = tabulate(con, carpos, spec("county", "sex"))
    assert (counted.counts == plain.counts).all()
    assert (counted.people == plain.people).all()
    inner = sums[:, :-1, :-1].ravel().tolist()
    assert sum(inner) % 2**64 == int(sums[0, -1, -1])
    assert (sums[counted.counts == 0] == 0).all()


@BOTH
def test_a_cell_of_the_same_records_has_the_same_noise_in_every_table(register, carpos, noise):
    con = register()
    one = build_perturbed(con, carpos, spec("family", "sex"), POLICY, noise, keys)
    other = build_perturbed(con, carpos, spec("family"), POLICY, noise, keys, [one.table])
    alone = values(one, ("family", "sex"))
    assert values(other, ("family",)) == {(f,): alone[f, "TOTAL"] for f, s in alone if s == "TOTAL"}


@BOTH
def test_a_year_that_went_out_perturbed_is_closed(register, carpos, noise):
    first = build_perturbed(register(), carpos, spec("county"), POLICY, noise, keys)
    again = build_perturbed(register(), carpos, spec("county"), POLICY, noise, keys, [first.table])
    assert {y: (one.how, one.reason) for y, one in again.closed.items()} == {
        2024: ("unchanged", "none")
    }
    late = register(35)
    frozen = build_perturbed(late, carpos, spec("county"), POLICY, noise, keys, [first.table])
    assert {y: (one.how, one.reason) for y, one in frozen.closed.items()} == {
        2024: ("frozen", "perturbed")
    }
    assert frozen.table.equals(again.table)
    assert frozen.table.equals(first.table)
    asked = perturbed_before(late, carpos, spec("county"), noise, keys, [first.table])
    assert {y: one.reason for y, one in asked.items()} == {2024: "perturbed"}
    with pytest.raises(RevisedError):
        build_perturbed(late, carpos, spec("sex"), POLICY, noise, keys, [first.table])


def test_exact_and_perturbed_tables_of_a_year_are_not_mixed(register, carpos):
    con = register()
    exact = build_aggregate(con, carpos, spec("county"), POLICY)
    noisy = build_perturbed(con, carpos, spec("sex"), POLICY, NOISE, keys)
    for dims in (("county",), ("sex",), ("county", "sex")):
        with pytest.raises(MethodsMixed):
            build_perturbed(con, carpos, spec(*dims), POLICY, NOISE, keys, [exact.table])
        with pytest.raises(MethodsMixed):
            build_aggregate(con, carpos, spec(*dims), POLICY, [noisy.table])
    with pytest.raises(MethodsMixed):  # other noise
        build_perturbed(con, carpos, spec("sex"), POLICY, Noise("round"), keys, [noisy.table])
    with pytest.raises(MethodsMixed):  # a part of the same records
        build_aggregate(con, carpos, spec("county", families=("DV",)), POLICY, [noisy.table])


def test_another_year_or_other_families_are_other_data(register, carpos):
    con = register()
    noisy = build_perturbed(con, carpos, spec("county", families=("DV",)), POLICY, NOISE, keys)
    build_aggregate(con, carpos, spec("county", families=("GV",)), POLICY, [noisy.table])
    build_aggregate(con, carpos, spec("county", years=(2023, 2023)), POLICY, [noisy.table])
    exact = build_aggregate(con, carpos, spec("county", families=("GV",)), POLICY)
    build_perturbed(con, carpos, spec("sex", families=("DV",)), POLICY, NOISE, keys, [exact.table])


def test_a_year_of_another_method_stays_as_it_went_out(register, carpos):
    con = register()
    exact = build_aggregate(con, carpos, spec("county"), POLICY)
    noisy = build_perturbed(con, carpos, spec("county"), POLICY, NOISE, keys)
    asked = perturbed_before(con, carpos, spec("county"), NOISE, keys, [exact.table])
    assert {y: (one.how, one.reason) for y, one in asked.items()} == {2024: ("frozen", "method")}
    asked = published_before(con, carpos, spec("county"), POLICY, [noisy.table])
    assert {y: (one.how, one.reason) for y, one in asked.items()} == {2024: ("frozen", "method")}


def test_what_is_proven_is_refused(register, carpos, monkeypatch):
    found = Attacked((Proven(("2024", "001"), "below", 2, 9),), 60, 3)
    monkeypatch.setattr("extracts.aggregated.perturbed.attack", lambda *_, **__: found)
    with pytest.raises(NoiseProven) as refused:
        build_perturbed(register(), carpos, spec("county"), POLICY, NOISE, keys)
    assert "001" not in str(refused.value)
