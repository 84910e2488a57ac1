"""Aggregated tables from the settings and the order to the opened package: with noise, and with levels put together."""

import csv
import datetime as dt
import hashlib
import io
import shutil
import subprocess
import zipfile

import pyarrow as pa
import pytest

from extracts.aggregated.tabulation import AggregateSpec, tabulate
from pipelines.home import open_home
from pipelines.session import Session
from systems.description import load_system
from tests.in_process import run_here
from tests.survive.world import LAST, world_at

pytestmark = pytest.mark.long

SCOPE = ("GV", "DV", "CH")
METHODS = {  # what the settings say, dimensions of which no cell is proven, what the dictionary says
    "round": ('method = "round"', "family", "multiple of 10"),
    "cell_key": ('method = "cell_key"', "family,sex", "variance 10"),
}


@pytest.fixture
def world(small_world, tmp_path):
    return world_at(shutil.copytree(small_world.root, tmp_path / "world"))


class Desk:
    """Orders aggregated releases by the commands, and opens what they sealed."""

    def __init__(self, world):
        self._world = world
        self._number = world.numbers["aggregated"]

    def run(self, *words):
        wish = ("run", self._number, "--kind", "aggregated", "--no-orchestrator", *words, "--json")
        return run_here(*wish, home=self._world.home)

    def released(self, *words):
        """The rows of the table, and all other members by name."""
        waiting = self.run(*words)
        assert waiting.code == 7, waiting
        release = waiting.json["release"]
        assert run_here("release", "approve", release, home=self._world.home).code == 0
        words = ("run", self._number, "--resume", release, "--no-orchestrator", "--json")
        done = run_here(*words, home=self._world.home)
        assert done.code == 0, done
        members = self._opened(self._world.home / "outbox" / self._number / release / "desk")
        (table,) = (
            text for name, text in members.items() if name.endswith(".csv") and "data/" in name
        )
        return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig")))), members

    def _opened(self, package):
        certificate, key = self._world.key("desk")
        words = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", certificate, "-inkey", key)  # fmt: skip
        members = {}
        for part in sorted(package.glob("*.cms")):
            plain = subprocess.run([*words, "-in", part], capture_output=True, check=True).stdout
            with zipfile.ZipFile(io.BytesIO(plain)) as bag:
                members |= {name: bag.read(name) for name in bag.namelist()}
        return members

    def set(self, text, line):
        """Settings as they were, but for one line of the tables' section."""
        name = line.split(" = ")[0]
        lines = [line if one.startswith(f"{name} = ") else one for one in text.splitlines()]
        assert line in lines
        (self._world.home / "settings.toml").write_text("\n".join(lines) + "\n")


def keys(label, values):
    """The same keys of records in every home, so that every run draws the same noise."""
    made = (hashlib.blake2b(f"0/{label}/{v}".encode(), digest_size=8) for v in values.to_pylist())
    return pa.array([int.from_bytes(one.digest(), "big") for one in made], pa.uint64())


def counted(home, *dims):
    """True counts of the last two years, by labels."""
    session, system = Session(open_home(home)), load_system("CARPOS")
    spec = AggregateSpec((LAST - 1, LAST), SCOPE, dt.date.today(), dims=dims)
    with session.registers.newest("CARPOS").connect(1) as con:
        table = tabulate(con, system, spec)
    session.close()
    return dict(zip(table.labels(), table.counts.ravel().tolist(), strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_a_table_with_noise_and_never_an_exact_one_of_the_same_records(world, method, monkeypatch):
    monkeypatch.setattr("pipelines.release.content.aggregated._record_keys", lambda _session: keys)
    desk, line, by, said = Desk(world), *METHODS[method]
    plain = (world.home / "settings.toml").read_text()
    last, dims = ("--years", f"{LAST - 1}-{LAST}"), ("--dims", by)
    desk.set(plain, line)
    rows, members = desk.released(*last, *dims)
    true = counted(world.home, *by.split(","))
    assert {row["status"] for row in rows} == {"perturbed"}
    assert len(rows) == len(true)
    for row in rows:
        assert row["orders"] == "0" or int(row["persons"]) >= 10
        assert true[tuple(row[d] for d in ("year", *by.split(",")))] or row["orders"] == "0"
    assert any(int(row["orders"]) for row in rows)
    for name in ("dictionary.html", "datapackage.json"):
        (text,) = (m.decode() for n, m in members.items() if n.endswith(name))
        assert said in text

    desk.set(plain, 'method = "suppress"')
    assert "AGGREGATE-03" in desk.run(*last, *dims).out
    hidden, _ = desk.released("--years", f"{LAST - 2}-{LAST - 2}", *dims)
    assert "perturbed" not in {row["status"] for row in hidden}
    desk.set(plain, line)
    assert "AGGREGATE-03" in desk.run("--years", f"{LAST - 2}-{LAST - 2}", *dims).out


def test_levels_put_together_stand_as_one_and_never_beside_the_same_apart(world):
    desk, years = Desk(world), ("--years", f"{LAST - 1}-{LAST}")
    rows, members = desk.released(*years, "--dims", "family", "--together", "family=DV+CH")
    assert {row["family"] for row in rows} == {"CH+DV", "GV", "TOTAL"}
    true = counted(world.home, "family")
    for row in rows:
        if row["status"] == "published" and row["family"] == "CH+DV":
            assert int(row["orders"]) == sum(true[row["year"], f] for f in ("CH", "DV"))
    assert any(
        b"CH+DV" in text for name, text in members.items() if name.endswith("datapackage.json")
    )
    assert "AGGREGATE-06" in desk.run(*years, "--dims", "family").out
    assert "AGGREGATE-06" in desk.run(*years, "--dims", "family", "--together", "family=GV+CH").out
