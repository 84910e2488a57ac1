"""ACHS, JCPSS, CURES and RIPA: no sink shows a canary of the registers that ``test_five_systems`` releases from.

The stages run in this process: what Prefect and the commands might show is searched after CARPOS's story.
"""

import pytest

from tests.integration.five_systems import RELEASES
from tests.leak.canaries import COHORT, REGISTER
from tests.leak.searching import Searcher

KINDS = dict.fromkeys(code for code, _ in RELEASES)


@pytest.fixture(scope="module")
def poisoned(five):
    """Everything released; what was said and logged meanwhile is in ``said``."""
    world = five
    released = {one: world.released(*one) for one in RELEASES}
    # Days on which something was recorded are no secret of anybody's.
    world.needles.dates -= {day for day in world.needles.dates if day >= "2010"}
    return world, released, world.said.getvalue()


def test_every_direct_field_holds_a_canary(poisoned):
    """Otherwise the searches below would find nothing because there is nothing."""
    world, _, _ = poisoned
    searcher = Searcher(world.needles)
    for code in KINDS:
        assert searcher.first(world.root / code / "register", REGISTER)
    assert searcher.first(world.root / "ACHS", COHORT)


def test_no_file_and_no_word_outside_the_inputs_shows_one(poisoned):
    world, _, said = poisoned
    searcher = Searcher(world.needles)
    assert not searcher.tree(world.home.root)
    assert not searcher.data(said.encode("utf-8", "surrogatepass"), "said")


@pytest.mark.parametrize(("code", "kind"), RELEASES)
def test_no_package_shows_one_but_what_the_researcher_supplied(poisoned, code, kind):
    world, released, _ = poisoned
    package, searcher = released[code, kind], Searcher(world.needles)
    assert package.rows
    for name, content in package.files.items():
        if kind != "identified" or not name.startswith("data/extract"):
            assert not searcher.data(content, name)
    assert not searcher.data(package.report.encode(), "report")
    if kind == "identified":
        own = [c for c in package.columns if c != "row_id" and not c.startswith("supplied_")]
        told = "\n".join(row[c] for row in package.rows for c in own)
        assert not searcher.data(told.encode(), "columns of the register")
        echoed = "\n".join(value for row in package.rows for value in row.values())
        assert {h.what for h in searcher.data(echoed.encode(), "echo")} >= {COHORT}
        assert REGISTER not in echoed
