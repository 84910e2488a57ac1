"""The command line: global options anywhere, coded errors, cheap to start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.app import hoist


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        (["project", "list", "--json"], ["--json", "project", "list"]),
        (["--json", "project", "list"], ["--json", "project", "list"]),
        (["run", "P", "--home", "H", "--kind", "k"], ["--home", "H", "run", "P", "--kind", "k"]),
        (["doctor", "--home=H"], ["--home=H", "doctor"]),
        (["seal", "--", "--json"], ["seal", "--", "--json"]),
        (["doctor", "--home"], ["doctor", "--home"]),
    ],
)
def test_global_options_stand_before_or_after_the_command(given, moved):
    assert hoist(given) == moved


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=_clean(env))


def _clean(extra: dict[str, str]) -> dict[str, str]:
    import os

    return {k: v for k, v in os.environ.items() if k != "DOJ_RELEASE_HOME"} | extra


def test_a_folder_that_is_no_home_is_a_usage_error(tmp_path: Path):
    done = run("project", "list", "--home", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("HOME-01: ")
    assert done.stdout == ""


def test_errors_are_data_under_json(tmp_path: Path):
    done = run("project", "list", "--home", str(tmp_path), "--json")
    assert json.loads(done.stdout)["error"]["code"] == "HOME-01"


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


def test_an_unexpected_failure_says_where_but_not_what(tmp_path: Path):
    script = (
        "from pipelines.cli.console import command\n"
        "import typer\n"
        "@command\n"
        "def boom():\n"
        "    raise ValueError('CANARY')\n"
        "try: boom()\n"
        "except typer.Exit as e: raise SystemExit(e.exit_code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "CLI-01" in done.stderr
    assert "CANARY" not in done.stderr + done.stdout
