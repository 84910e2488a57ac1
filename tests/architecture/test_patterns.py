"""A pattern that judges a text judges all of it: ``$`` would let a line end pass after an id or a digest."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = [
    "pipelines",
    "approvals",
    "matching",
    "extracts",
    "crypto",
    "expectations",
    "systems",
    "synthetic",
    "errors",
]
CALLS = {"compile", "match", "search", "fullmatch", "sub", "findall", "finditer", "split", "subn"}


def _literal(node: ast.expr) -> str | None:
    """The pattern's text, what is filled in left out; None where it is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "x" for v in node.values)
    return None


def _ends(items: Any) -> bool:
    """Whether a parsed pattern has a ``$`` anywhere."""
    if isinstance(items, parser.SubPattern | list | tuple):
        return any(
            (isinstance(i, tuple) and i and i[0] is constants.AT and i[1] is constants.AT_END)
            or _ends(i)
            for i in items
        )
    return False


def _patterns() -> Iterator[tuple[str, str, str]]:
    for path in (p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in CALLS:
                text = _literal(node.args[0])
                flags = ast.unparse(node)
                if text is not None:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text, flags


def test_no_pattern_lets_a_line_end_pass_at_its_end() -> None:
    found = list(_patterns())
    assert len(found) > 30, "the walk finds the patterns"
    loose = [
        place
        for place, text, call in found
        if "re.MULTILINE" not in call and "(?m)" not in text and _ends(parser.parse(text))
    ]
    assert loose == [], "`fullmatch`, or \\Z where a pattern is searched for"


def test_no_anchored_pattern_is_matched_from_the_left_alone() -> None:
    """``_ID.match`` of a pattern without an end lets anything follow."""
    loose: list[str] = []
    for path in (p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))):
        text = path.read_text("utf-8")
        if path.name != "example.py":
            loose += [
                f"{path.relative_to(ROOT)}: {m[0]}"
                for m in re.finditer(r"\b_[A-Z_]+\.match\(", text)
            ]
    assert loose == []
