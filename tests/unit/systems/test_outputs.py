"""What a command writes is never what it reads, and all of it appears or none."""

import os
from pathlib import Path

import pytest

from systems import outputs
from systems.errors import OutputTaken, OutputUnwritable
from systems.outputs import check_outputs, written_together


@pytest.fixture
def here(tmp_path):
    (tmp_path / "in.csv").write_text("true")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-in").symlink_to(tmp_path / "in.csv")
    (tmp_path / "same-folder").symlink_to(tmp_path)
    os.link(tmp_path / "in.csv", tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


TAKEN = {
    "the input": ["in.csv"],
    "the input in other words": ["folder/../in.csv"],
    "a link to it": ["to-in"],
    "a hard link": ["hard"],
    "through a linked folder": ["same-folder/in.csv"],
    "twice": ["out.csv", "out.csv"],
    "twice in other words": ["out.csv", "same-folder/out.csv"],
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_read_or_written_already_is_refused_by_its_option(here, case):
    named = [(f"--{n}", here / name) for n, name in enumerate(TAKEN[case])]
    with pytest.raises(OutputTaken) as caught:
        check_outputs(named, [("the cells", here / "in.csv")])
    assert caught.value.facts["option"] == named[-1][0]
    assert caught.value.facts["other"] == ("the cells" if len(named) == 1 else "--0")


@pytest.mark.parametrize("name", ["no/out.csv", "in.csv/out.csv", "folder", "pipe", "/proc/x.csv"])
def test_a_place_that_can_not_be_written_is_refused_by_its_option(here, name):
    with pytest.raises(OutputUnwritable, match="--explain"):
        check_outputs([("--explain", here / name)])


def test_nothing_is_left_by_the_check(here):
    before = sorted(here.rglob("*"))
    check_outputs(
        [("--out", here / "out.csv"), ("--explain", here / "OUT.CSV")], [("x", here / "no" / "y")]
    )
    assert sorted(here.rglob("*")) == before


def test_where_the_file_system_folds_names_they_are_one(here, monkeypatch):
    monkeypatch.setattr(outputs, "_folds", lambda *_: True)
    with pytest.raises(OutputTaken):
        check_outputs([("--out", here / "out.csv"), ("--explain", here / "OUT.CSV")])
    check_outputs([("--out", here / "out.csv"), ("--explain", here / "folder" / "OUT.CSV")])


def test_all_appear_in_one_go(here):
    names = [here / "a", here / "in.csv"]
    with written_together(names) as parts:
        for part in parts:
            part.write_text("new")
        assert (here / "in.csv").read_text() == "true"
    assert [name.read_text() for name in names] == ["new", "new"]
    assert not list(here.glob(".doj-*"))


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_where_one_can_not_be_named_none_stays(here, monkeypatch, at, links):
    before = {p: p.read_text() for p in here.iterdir() if p.is_file()}
    names = [here / "a", here / "in.csv", here / "b"]
    real = Path.replace

    def replace(self, target):
        if target == names[at] and self.read_text() == "new":
            raise OSError
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    if not links:
        monkeypatch.setattr(os, "link", lambda *_, **__: (_ for _ in ()).throw(OSError()))
    with pytest.raises(OutputUnwritable):
        fill(names)
    assert {p: p.read_text() for p in here.iterdir() if p.is_file()} == before


def fill(names):
    with written_together(names) as parts:
        for part in parts:
            part.write_text("new")


def test_what_stops_the_block_leaves_nothing(here):
    before = sorted(here.iterdir())
    with pytest.raises(KeyError):
        stopped([here / "a", here / "in.csv"])
    assert sorted(here.iterdir()) == before
    assert (here / "in.csv").read_text() == "true"


def stopped(names):
    with written_together(names) as parts:
        parts[1].write_text("new")
        raise KeyError
