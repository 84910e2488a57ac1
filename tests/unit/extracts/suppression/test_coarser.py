"""Coarser versions of a mostly hidden table: what they are, and what they would publish."""

import numpy as np
import pytest

from extracts.suppression.coarser import (
    coarser_tables,
    drop_dimension,
    forecast,
    group_leaves,
    merge_leaves,
)
from extracts.suppression.commands import audit_file, suppress_file
from extracts.suppression.errors import DesignUnknownError
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.suppressor import suppress
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy()
REGION = {"a1": "A", "a2": "A", "b1": "B", "b2": "B"}


def sparse():
    """Four counties of two regions, three age bands, four years: nothing but small cells inside."""
    dims = (
        Dimension.tree("county", sorted(REGION), REGION),
        Dimension.flat("age", ["15-24", "25-34", "35-44", "45+"]),
        Dimension.flat("year", ["2021", "2022", "2023", "2024"], total=False),
    )
    counts = np.full((4, 4, 4), 6, dtype=np.int64)
    return from_leaves(dims, counts, np.full((4, 4, 4), 5, dtype=np.int64))


@pytest.mark.long
def test_what_is_proposed_and_what_it_would_publish():
    found = {one.what: one for one in coarser_tables(sparse(), POLICY)}
    assert set(found) == {
        "county by its groups",
        "without county",
        "age: 2 bands together",
        "without age",
        "year: 4 years together",
    }
    whole = suppress(sparse(), SuppressionPolicy(clean=False))
    before = forecast([(whole.table, whole.hidden, whole.primary)])
    assert before.share_shown < 0.5
    assert all(one.seen.share_shown >= before.share_shown for one in found.values())
    assert [one.seen.share_shown for one in coarser_tables(sparse(), POLICY)] == sorted(
        (one.seen.share_shown for one in found.values()), reverse=True
    )


def test_regions_keep_the_persons_that_were_counted_for_them():
    table = sparse()
    smaller = group_leaves(table, 0)
    assert smaller.dims[0].leaves == ("A", "B")
    at = table.dims[0].position["A"]
    assert (smaller.counts[0] == table.counts[at]).all()
    assert (smaller.people[0] == table.people[at]).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_without_a_dimension_its_total_stands(axis):
    table = sparse()
    smaller = drop_dimension(table, axis)
    total = table.dims[axis].position["TOTAL"]
    assert (smaller.counts == table.counts.take(total, axis)).all()
    assert smaller.dims == tuple(d for i, d in enumerate(table.dims) if i != axis)


def test_put_together_counts_add_up_and_persons_are_at_their_lower_bound():
    table = sparse()
    runs = [("15-24", "25-34"), ("35-44", "45+")]
    smaller = merge_leaves(table, 1, runs, {"15-24": "15-34", "35-44": "35+"})
    assert smaller.dims[1].nodes == ("15-34", "35+", "TOTAL")
    assert smaller.counts[0, 0, 0] == 12
    assert smaller.people[0, 0, 0] == 5  # the same five may stand in both bands
    assert (smaller.counts[:, -1] == table.counts[:, -1]).all()
    assert (smaller.counts[:, :2].sum(axis=1) == smaller.counts[:, 2]).all()


def test_a_file_gets_proposals_only_where_most_is_hidden(tmp_path):
    def run(value):
        path = tmp_path / f"{value}.csv"
        rows = [f"{c},{a},{value}" for c in "pqrs" for a in ("15-24", "25-34", "35-44", "45-54")]
        path.write_text("county,age,n\n" + "\n".join(rows) + "\n")
        out = suppress_file(path, dims=["county", "age"], count="n", out=tmp_path / "out.csv")
        return out.coarser()

    assert run(50) == ()
    best = run(6)[0].as_json()
    assert best["table"] == "age: 2 bands together"
    assert best["share published"] == 1.0


@pytest.mark.long
def test_every_proposal_can_be_ordered_by_its_name_and_shows_what_was_said(tmp_path):
    path = tmp_path / "cells.csv"
    chance = np.random.default_rng(3)
    rows = [f"{c},{a},{s},{chance.integers(1, 13)}" for c in "pqrs" for a in ("15-24", "25-34", "35-44", "45-54") for s in "FM"]  # fmt: skip
    path.write_text("county,age,sex,n\n" + "\n".join(rows) + "\n")
    asked = {"dims": ["county", "age", "sex"], "count": "n"}
    proposals = suppress_file(path, **asked, out=tmp_path / "whole.csv").coarser()
    assert any(" and " in one.what for one in proposals)
    for one in proposals:
        made = suppress_file(
            path, **asked, out=tmp_path / "out.csv", explain=tmp_path / "e.csv", design=one.what
        )
        seen = forecast([(made.pattern.table, made.pattern.hidden, made.pattern.primary)])
        assert (seen.cells, seen.nonzero, seen.primary) == (
            one.seen.cells,
            one.seen.nonzero,
            one.seen.primary,
        )
        assert seen.shown >= one.seen.shown
        assert audit_file(
            tmp_path / "out.csv", dims=[d.name for d in made.pattern.table.dims], count="n"
        ).holds
    for more in (
        {"design": "without anything"},
        {"design": proposals[0].what, "earlier": [tmp_path / "whole.csv"]},
    ):
        with pytest.raises(DesignUnknownError):
            suppress_file(path, **asked, out=tmp_path / "no.csv", **more)
    assert not (tmp_path / "no.csv").exists()
