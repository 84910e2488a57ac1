"""SECURITY.md: each promise has tests that exist, each attacker is met by promises that exist, and none is left over."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = re.split(r"(?m)^## ", TEXT.split(f"## {heading}\n", 1)[1])[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def functions(file: str) -> set[str]:
    found = ast.parse((ROOT / "tests" / file).read_text("utf-8")).body
    return {one.name for one in found if isinstance(one, ast.FunctionDef)}


PROMISES = {cells[0]: cells for cells in rows("What is promised, and the test of each")}


def test_every_promise_has_tests_that_exist():
    assert len(PROMISES) >= 36
    for number, (_, _, _, tests) in PROMISES.items():
        named = re.findall(r"`([^`]+)::(test_\w+)`", tests)
        assert named, number
        assert tests == ", ".join(f"`{file}::{name}`" for file, name in named)
        for file, name in named:
            assert name in functions(file), (number, file, name)


def test_every_attacker_is_met_by_promises_and_none_is_left_over():
    attackers = rows("Who attacks")
    assert len(attackers) >= 13
    met: set[str] = set()
    for who, *_, promised, remains, found in attackers:
        numbers = re.findall(r"P(\d+)(?: to P(\d+))?", promised)
        assert numbers, who
        assert remains and found, who  # noqa: PT018
        for first, last in numbers:
            met |= {f"P{n}" for n in range(int(first), int(last or first) + 1)}
    assert met == PROMISES.keys()
