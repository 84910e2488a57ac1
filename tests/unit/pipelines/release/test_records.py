"""A finished stage is skipped where its files are the recorded ones, and only there."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from errors import Exit
from pipelines.home.errors import ReleaseHeld
from pipelines.home.processes import locked
from pipelines.release.errors import StageChanged
from pipelines.release.staging import Records


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def records(tmp_path: Path) -> Records:
    (tmp_path / "match").mkdir()
    (tmp_path / "match" / "links.parquet").write_bytes(b"links")
    kept = Records(tmp_path, digest)
    kept.keep("match", [tmp_path / "match" / "links.parquet"], {"rows": 3}, 1.25)
    return kept


def test_a_stage_that_never_ran_has_no_record(records: Records):
    assert records.verified("extract") is None


def test_a_finished_stage_verifies(records: Records):
    record = records.verified("match")
    assert record is not None
    assert record.facts == {"rows": 3}
    assert record.seconds == 1.25


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_changed_or_missing_files_are_an_integrity_error(records: Records, tmp_path, damage):
    path = tmp_path / "match" / "links.parquet"
    path.write_bytes(b"other") if damage == "change" else path.unlink()
    with pytest.raises(StageChanged) as caught:
        records.verified("match")
    assert caught.value.exit is Exit.INTEGRITY


HOLDS = """\
import sys
from pathlib import Path
from pipelines.home.processes import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_told_to_the_second_and_ends_with_its_owner(tmp_path: Path):
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLDS, tmp_path / "R1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with owner:
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(ReleaseHeld) as caught, locked(tmp_path / "R1"):
            pass
        assert caught.value.exit is Exit.HELD
        owner.kill()
    with locked(tmp_path / "R1"):
        pass
