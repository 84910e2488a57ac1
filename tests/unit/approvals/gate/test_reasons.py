"""The gate's reasons: each that a rule gives is worded, with the facts that its words need, and none is worded for nobody."""

import ast
import string
import tomllib
from pathlib import Path

import approvals

ROOM = Path(approvals.__file__).parent
WORDED = tomllib.loads((ROOM / "reasons.toml").read_text("utf-8"))


def given():
    """(name, names of its facts) of each reason that a rule gives; a name worked out stands for the project's states."""
    for path in sorted((ROOM / "gate").glob("*_rules.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "reason":
                facts = {keyword.arg for keyword in call.keywords}
                named = [n for n in ast.walk(call.args[0]) if isinstance(n, ast.Constant)]
                names = [n.value for n in named]
                if not isinstance(call.args[0], ast.Constant):
                    names += ["suspended", "expired", "denied", "appealed"]
                yield from ((name, facts) for name in names)


def fields(name):
    return {
        field
        for text in WORDED[name].values()
        for _, field, _, _ in string.Formatter().parse(text)
        if field
    }


def test_every_reason_is_worded_with_the_facts_that_it_is_given():
    found = list(given())
    assert {name for name, _ in found} == set(WORDED)
    for name, facts in found:
        assert fields(name) <= facts, name
        assert set(WORDED[name]) == {"rule", "section", "text", "cure"}
