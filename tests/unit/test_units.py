"""The units of `deploy/`: what they leave open, what they refuse to start with, and that the program runs under them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import confined
from tests.parts import require

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
MOST = 2.0  # of 10, as systemd-analyze weighs what is left open


@pytest.mark.machine("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_little_is_left_open(unit):
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    exposure = re.search(r"Overall exposure level for \S+: (\d+\.\d)", told)
    assert exposure, told
    assert float(exposure[1]) <= MOST, told


@pytest.mark.machine("systemd-analyze")
def test_systemd_takes_every_line(tmp_path):
    for unit in UNITS:
        text = unit.read_text()
        text = re.sub(r"/opt/doj-release/\.venv/bin", str(Path(sys.executable).parent), text)
        (tmp_path / unit.name).write_text(text)
    words = ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in UNITS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "doj-release" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize(
    ("said", "starts"),
    [("", False), ("name:password", False), ("name:", False), (":secret", False), ("secret", False), ("desk:a long one", True)],
)  # fmt: skip
def test_the_server_does_not_start_without_a_password_of_its_own(said, starts):
    line = re.search(r"(?m)^ExecStartPre=/bin/sh -c '(.+)'$", (DEPLOY / "doj-release-server.service").read_text())  # fmt: skip
    assert line
    env = {"PREFECT_SERVER_API_AUTH_STRING": said} if said else {}
    done = subprocess.run(["/bin/sh", "-c", line[1].replace("$$", "$")], env=env, check=False)
    assert (done.returncode == 0) == starts


def test_the_server_listens_on_this_machine_alone():
    text = (DEPLOY / "doj-release-server.service").read_text()
    assert "--host 127.0.0.1" in text
    assert all("IPAddressDeny=any" in unit.read_text() for unit in UNITS)


@pytest.mark.long
@pytest.mark.machine("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_what_a_unit_takes_away_is_gone(unit):
    require("libseccomp")
    code = (
        "import mmap, os, socket\n"
        "def told(call, *given):\n"
        "    try: call(*given)\n"
        "    except OSError as error: return error.errno\n"
        "print(told(os.sched_setaffinity, 0, {0}), told(os.chroot, '/'))\n"
        "print(open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])\n"
    )
    words = [sys.executable, confined.__file__, str(unit), sys.executable, "-I", "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["1", "1", "1"], done.stderr


@pytest.mark.long
@pytest.mark.machine("systemd-analyze")
def test_a_home_is_made_and_records_are_linked_under_the_workers_unit(tmp_path):
    """Keys and ledger, DuckDB, Arrow and the compiled loops; `make demo` under it does the rest, Prefect included."""
    require("libseccomp")
    for name in ("a", "b"):
        rows = "".join(f"{n},Ann,Lee{n},1990-01-{n % 28 + 1:02}\n" for n in range(200))
        (tmp_path / f"{name}.csv").write_text("id,first_name,last_name,birth_date\n" + rows)
    program = str(Path(sys.executable).with_name("doj-release"))
    start = [sys.executable, confined.__file__, str(DEPLOY / "doj-release-worker.service"), program]
    home, out = str(tmp_path / "home"), str(tmp_path / "links.parquet")
    ids = ["--cohort-id", "id", "--record-id", "id"]
    for words in (
        ["--home", home, "init"],
        ["--home", home, "ledger", "verify"],
        ["tools", "match", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), *ids, "--out", out],
    ):
        done = subprocess.run([*start, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)
    assert Path(out).is_file()
