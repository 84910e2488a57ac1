"""What a shell is told while a command line is typed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.in_process import run_here


def completed(*words: object) -> list[str]:
    return run_here("completion", "words", "--", "doj-release", *words).out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("sta",), ["status"]),
        (("cohort", ""), ["add", "confirm"]),
        (("tools", "ver"), ["verify"]),
        (("match", "a", "b", "--no-t"), ["--no-training"]),
        (("run", "2026-001", "--kind", "agg"), ["aggregated"]),
        (("run", "--json", "2026-001", "--doubtful", ""), ["wait", "exclude"]),
        (("tools", "suppress", "c.csv", "--zeros", "h"), ["hidden"]),
        (("project", "event", "2026-001", "background"), ["background_check"]),
        (("release", "withdraw", "R", "--reason", "wrong_"), ["wrong_data", "wrong_recipient"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_commands_options_and_enumerations(words, found):
    assert completed(*words) == found


def test_numbers_of_the_home_for_who_may_read_it(tmp_path: Path):
    home = tmp_path / "home"
    assert run_here("init", home=home).code == 0
    (tmp_path / "a.toml").write_text(run_here("project", "example", home=home).out)
    made = run_here("project", "submit", tmp_path / "a.toml", "--json", home=home).json
    number = made["project_number"]
    assert completed("project", "show", "--home", home, "") == [number]
    assert completed("--home", home, "cohort", "add", number[:4]) == [number]
    assert completed("--home", home, "release", "show", "") == []
    people = home / "people.toml"
    people.write_text(re.sub(r'(?m)^user = ".*"', 'user = "somebody-else"', people.read_text()))
    assert completed("project", "show", "--home", home, "") == []
    assert completed("project", "show", "--home", tmp_path / "no home", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell, tmp_path):
    done = run_here("completion", shell)
    assert done.code == 0
    if program := shutil.which(shell):
        (tmp_path / "script").write_text(done.out)
        subprocess.run([program, "-n", tmp_path / "script"], check=True)
    assert run_here("completion", "tcsh").code == 2


def test_bash_fills_in_what_the_program_says(tmp_path):
    program = tmp_path / "doj-release"
    program.write_text(
        '#!/bin/sh\n[ "$*" = "completion words -- doj-release re" ] && printf "release\\nrecipient\\n"\n'
    )
    program.chmod(0o755)
    script = run_here("completion", "bash").out
    asked = 'COMP_WORDS=(doj-release re); COMP_CWORD=1; _doj_release; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{asked}"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "release recipient\n"
