"""The command line: global options anywhere, coded errors, cheap to start."""

import importlib
import inspect
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import console
from pipelines.cli.app import hoist, main, step_of
from pipelines.cli.console import Console
from tests.in_process import run_here


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        (["project", "list", "--json"], ["--json", "project", "list"]),
        (["--json", "project", "list"], ["--json", "project", "list"]),
        (["run", "P", "--home", "H", "--kind", "k"], ["--home", "H", "run", "P", "--kind", "k"]),
        (["doctor", "--home=H"], ["--home=H", "doctor"]),
        (["tools", "seal", "--", "--json"], ["tools", "seal", "--", "--json"]),
        (["doctor", "--quiet", "-h"], ["--quiet", "doctor", "-h"]),
        (["doctor", "--home"], ["doctor", "--home"]),
    ],
)
def test_global_options_stand_before_or_after_the_command(given, moved):
    assert hoist(given) == moved


# As design contracts and scripts spell commands, and as help does.
SPELLINGS = [
    ("project cohort 2026-001 f.csv", "cohort add 2026-001 f.csv"),
    ("project cohort-confirm 2026-001", "cohort confirm 2026-001"),
    ("match a.csv b.csv --json", "--json tools match a.csv b.csv"),
    ("suppress c.csv", "tools suppress c.csv"),
    ("audit c.csv", "tools audit c.csv"),
    ("rates c.csv", "tools rates c.csv"),
    ("seal c.csv", "tools seal c.csv"),
    ("verify folder", "tools verify folder"),
    ("--home H backup b.tar", "--home H home backup b.tar"),
    ("restore b.tar", "home restore b.tar"),
    ("upgrade", "home upgrade"),
    ("retention --dry-run", "home retention --dry-run"),
    ("release run 2026-001", "run 2026-001"),
    ("release review R", "review R"),
    ("release refresh CARPOS", "refresh CARPOS"),
    ("home init", "init"),
    ("home doctor", "doctor"),
    ("home demo", "demo"),
]


@pytest.mark.parametrize(("given", "spelled"), SPELLINGS)
def test_other_spellings_of_a_command_are_understood(given, spelled):
    assert hoist(given.split()) == spelled.split()
    command = step_of(hoist(given.split())).split(".")
    assert f"Usage: doj-release {' '.join(command)} [OPTIONS]" in run_here(*command, "-h").out


@pytest.mark.parametrize("quiet", ["", "--json", "--quiet"])
def test_a_note_tells_the_newer_spelling_at_a_terminal_alone(capsys, monkeypatch, quiet):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with pytest.raises(SystemExit):
        main(["verify", "nowhere", *filter(None, [quiet])])
    told = capsys.readouterr().err
    assert ("This command is called `tools verify` now." in told) == (not quiet)
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    with pytest.raises(SystemExit):
        main(["verify", "nowhere"])
    assert "called" not in capsys.readouterr().err


def test_quiet_leaves_answers_and_errors(tmp_path: Path):
    home = tmp_path / "home"
    done = run_here("init", "--quiet", home=home)
    assert str(home) in done.out
    assert done.err == ""
    assert "HOME-01" in run_here("ledger", "show", "--quiet", home=tmp_path / "no").err


def test_help_lists_the_commands_under_headings():
    told = run_here("-h", COLUMNS="80").out
    assert told == run_here("--help", COLUMNS="80").out
    headings = ["Every day:", "Projects:", "Data:", "Home:", "Tools for files alone:"]
    places = [told.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)
    assert "..." not in told[places[0] :]
    assert all(len(line) <= 80 for line in told.splitlines())


@pytest.mark.long
def test_a_folder_that_is_no_home_is_a_usage_error(tmp_path: Path):
    words = ["-c", "from pipelines.cli import main; main()", "project", "list", "--home"]
    command = [sys.executable, *words, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("HOME-01: ")
    assert done.stdout == ""


def test_errors_are_data_under_json(tmp_path: Path):
    done = run_here("project", "list", "--home", tmp_path, "--json")
    assert done.json["error"]["code"] == "HOME-01"


@pytest.mark.parametrize("words", [["match", "a.csv"], ["audit", "--nonsense"], ["nonsense"]])
def test_a_command_that_can_not_be_used_is_data_under_json(words):
    done = run_here(*words, "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "CLI-02"
    assert "Usage:" in done.err


def test_texts_are_shown_as_they_are(capsys):
    Console().show("T", ("a",), [("add a [[person]] at :key: [/red]",)], None)
    assert "add a [[person]] at :key: [/red]" in capsys.readouterr().out


def test_records_among_the_pairs_get_a_table_of_their_own(capsys):
    Console().show_pairs(
        "Release", {"years": [2024, 2025], "held": True, "to": [{"member": "lead"}]}
    )
    shown = capsys.readouterr().out
    assert "2024, 2025" in shown
    assert "yes" in shown
    assert "{" not in shown
    assert shown.index("member") > shown.index("held")


def test_a_table_with_a_hierarchy_is_audited_with_it(tmp_path: Path):
    cells = {"A": (120, 14, 55), "B": (30, 40, 25), "C": (7, 60, 33), "D": (50, 18, 90)}
    text = "".join(f"{c},{y},{n}\n" for c, row in cells.items() for y, n in enumerate(row))
    (tmp_path / "cells.csv").write_text(f"county,year,n\n{text}")
    (tmp_path / "regions.csv").write_text("child,parent\nA,x\nB,x\nC,y\nD,y\n")
    out = str(tmp_path / "out.csv")
    table = ["--dims", "county,year", "--count", "n"]
    regions = ["--hierarchy", f"county={tmp_path / 'regions.csv'}"]
    made = run_here("suppress", tmp_path / "cells.csv", *table, *regions, "--out", out)
    assert made.code == 0
    assert run_here("audit", out, *table, *regions).code == 0
    assert run_here("audit", out, *table).code == 6  # its regions would count everybody twice


@pytest.fixture
def submitted(tmp_path: Path) -> tuple[list[str], str]:
    """A home with a submitted project: the option that names it, and the project's number."""
    home = tmp_path / "home"
    assert run_here("init", home=home).code == 0
    (tmp_path / "a.toml").write_text(run_here("project", "example", home=home).out)
    done = run_here("project", "submit", tmp_path / "a.toml", "--json", home=home)
    return ["--home", str(home)], done.json["project_number"]


def test_a_project_is_checked_for_every_kind_that_it_asks_for(submitted):
    (_, home), number = submitted
    words = ("project", "check", number)
    checked = run_here(*words, home=home)
    assert checked.code == 3
    assert f"{number}: identified data can't" in checked.out
    assert f"{number}: deidentified data can't" in checked.out
    alone = run_here(*words, "--kind", "identified", "--json", home=home).json
    assert run_here(*words, "--json", home=home).json["identified"] == alone


def test_what_is_due_names_its_project(submitted):
    home, number = submitted
    other = '[[person]]\nid = "approver-1"\nname = "A"\nuser = "{}"\nroles = ["approver"]\n'
    user = pwd.getpwuid(os.geteuid()).pw_name
    (Path(home[1]) / "people.toml").write_text(other.format(user))
    assert run_here("project", "approve", number, home=home[1]).code == 0
    assert number in run_here("deadlines", home=home[1]).out


def test_doctor_tells_the_people_file_from_the_ledger(submitted):
    home, _ = submitted
    (Path(home[1]) / "people.toml").write_text("nonsense")
    found = run_here("doctor", *home, "--json").json
    states = {finding["what"]: finding["state"] for finding in found}
    assert (states["ledger"], states["who acts"]) == ("good", "bad")


@pytest.mark.parametrize(
    "group", [["project"], ["release"], ["register"], ["ledger"], ["tools"], ["home"]]
)
def test_every_command_is_told_whole_in_eighty_columns(group):
    told = run_here(*group, "--help", COLUMNS="80").out.partition("Commands:")[2]
    assert told
    assert "..." not in told


def test_help_loads_none_of_the_heavy_libraries():
    script = (
        "import sys; from pipelines.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'prefect', 'great_expectations', 'pandas', 'duckdb', 'pyarrow', 'recordlinkage',"
        " 'sqlalchemy', 'cryptography', 'highspy', 'scipy', 'numpy', 'openpyxl', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.long
def test_an_unexpected_failure_says_where_but_not_what(tmp_path: Path):
    script = (
        "from pipelines.cli.commands import command\n"
        "import typer\n"
        "@command\n"
        "def boom(console):\n"
        "    raise ValueError('CANARY')\n"
        "typer.run(boom)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "CLI-01" in done.stderr
    assert "CANARY" not in done.stderr + done.stdout


def test_a_clusters_secret_is_private_and_never_written_over(tmp_path, capsys):
    place = tmp_path / "cluster.secret"
    for code in (0, 2):
        with pytest.raises(SystemExit) as ended:
            main(["--json", "keys", "cluster", str(place)])
        assert (ended.value.code or 0) == code
        if not code:
            first = place.read_bytes()
            assert place.stat().st_mode & 0o077 == 0
    assert place.read_bytes() == first
    told = capsys.readouterr()
    assert "RUN-13" in told.err
    assert first.decode().strip() not in told.out + told.err


WRITING = {
    "backup": ["backup", "{}"],
    "cluster's secret": ["keys", "cluster", "{}"],
    "checkpoint": ["ledger", "checkpoint", "--out", "{}"],
    "ledger": ["ledger", "export", "--out", "{}"],
    "sheet": ["review", "2026-001", "--export", "{}"],
    "copies": ["escrow", "allow", "E-1", "--out", "{}"],
    "package": ["seal", "x", "--to", "c", "--sign", "k", "--sign-cert", "s", "--out", "{}"],
}


@pytest.mark.parametrize("command", WRITING)
def test_a_folder_that_is_not_there_is_refused_before_the_home_is_opened(tmp_path, capsys, command):
    words = [word.format(tmp_path / "no" / "file") for word in WRITING[command]]
    with pytest.raises(SystemExit) as ended:
        main(["--json", "--home", str(tmp_path / "none"), *words])
    assert (ended.value.code, list(tmp_path.iterdir())) == (2, [])
    assert "TABLE-15" in capsys.readouterr().err


def test_what_a_command_reads_is_not_written_over(tmp_path, capsys):
    (tmp_path / "cert").write_text("mine")
    words = ["seal", "x", "--to", "c", "--to", "cert", "--sign", "k", "--sign-cert", "s"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--out", "./cert"], tmp_path)
    assert ended.value.code == 2
    assert "TABLE-14" in (told := capsys.readouterr().err)
    assert "--out; other --to" in told
    assert (tmp_path / "cert").read_text() == "mine"


def test_every_description_is_of_an_option_that_there_is():
    described = json.loads((Path(console.__file__).with_name("options.json")).read_text("utf-8"))
    for place, options in described.items():
        module, _, name = place.partition(".")
        function = getattr(importlib.import_module(f"pipelines.cli.{module}"), name)
        parameters = inspect.signature(function).parameters
        assert set(options) <= set(parameters) - {"console"}, place
