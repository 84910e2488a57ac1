"""ACHS, JCPSS, CURES and RIPA: poisoned registers, one release of each kind, and no sink shows a canary.

The stages run in this process: what Prefect and the commands might show is searched after CARPOS's story.
"""

import contextlib
import csv
import io
import logging
from pathlib import Path

import pytest

from tests.integration.five_systems import World
from tests.leak.canaries import COHORT, REGISTER, Needles, poison_register
from tests.leak.searching import Searcher

RECORDS = 300
KINDS = {
    "ACHS": ("identified", "deidentified", "aggregated"),
    "JCPSS": ("deidentified", "aggregated"),
    "CURES": (
        "deidentified",
        "aggregated",
    ),  # identified rows are held; the five systems' tests open them
    "RIPA": ("deidentified", "aggregated"),
}
RELEASES = [(code, kind) for code, kinds in KINDS.items() for kind in kinds]
_NAMES = ("first_name", "middle_name", "last_name", "street", "city")


class Poisoned(World):
    """The four systems with a canary in every field that tells who somebody is."""

    def __init__(self, root: Path) -> None:
        self.needles = Needles()
        super().__init__(root, RECORDS)

    def prepare(self, code: str, register: Path) -> None:
        poison_register(register, self.needles, code)

    def cohort(self, code: str) -> Path:
        path = super().cohort(code)
        with path.open(encoding="utf-8", newline="") as source:
            reader = csv.DictReader(source)
            names, rows = list(reader.fieldnames or ()), list(reader)
        for row in rows:
            row |= {name: f"{row[name]}{COHORT}" for name in _NAMES if row.get(name)}
            self.needles.numbers |= {"".join(filter(str.isdigit, row.get("ssn", ""))) or "-"}
        with path.open("w", encoding="utf-8", newline="") as sink:
            writer = csv.DictWriter(sink, names)
            writer.writeheader()
            writer.writerows(rows)
        return path


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory):
    """Everything released; what was said and logged meanwhile is in ``said``."""
    root = tmp_path_factory.mktemp("poisoned")
    root.chmod(0o700)
    world, said = Poisoned(root), io.StringIO()
    listener = logging.StreamHandler(said)
    level = logging.getLogger().level
    logging.getLogger().addHandler(listener)
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            released = {one: world.release(*one) for one in RELEASES}
    finally:
        logging.getLogger().removeHandler(listener)
        logging.getLogger().setLevel(level)
        world.office.close()
    # Days on which something was recorded are no secret of anybody's.
    world.needles.dates -= {day for day in world.needles.dates if day >= "2010"}
    return world, released, said.getvalue()


def test_every_direct_field_holds_a_canary(poisoned):
    """Otherwise the searches below would find nothing because there is nothing."""
    world, _, _ = poisoned
    searcher = Searcher(world.needles)
    for code in KINDS:
        found = {hit.what for hit in searcher.tree(world.root / code)}
        assert REGISTER in found
    assert any(hit.what == COHORT for hit in searcher.tree(world.root / "ACHS"))


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
