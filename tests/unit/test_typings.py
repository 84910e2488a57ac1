"""What `typings/` says of a library without types is there in the library, and takes these parameters."""

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

TYPINGS = Path(__file__).parents[2] / "typings"
STUBS = sorted(TYPINGS.rglob("*.pyi"))


def _module(stub: Path) -> Any:
    parts = stub.relative_to(TYPINGS).with_suffix("").parts
    return importlib.import_module(".".join(p for p in parts if p != "__init__"))


def _takes(function: Any, said: ast.FunctionDef, *, bound: bool) -> None:
    """Parameters of these names, and those without a default in this order."""
    names = [a.arg for a in said.args.args][bound:]
    needed = len(names) - len(said.args.defaults)
    there = inspect.signature(function)
    there.bind(*names[:needed], **dict.fromkeys(names[needed:]))
    kinds = {p.kind for p in there.parameters.values()}
    assert inspect.Parameter.VAR_POSITIONAL in kinds or names == [
        n for n in there.parameters if n in names
    ]


def _holds(thing: Any, said: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> None:
    """The members of a class and of those that the stub derives it from."""
    for base in said.bases:
        if isinstance(base, ast.Name):
            _holds(thing, classes[base.id], classes)
    for member in said.body:
        if isinstance(member, ast.AnnAssign):
            assert isinstance(member.target, ast.Name)
            getattr(thing, member.target.id)
        elif isinstance(member, ast.FunctionDef):
            there = getattr(thing, member.name)
            if not any(
                isinstance(d, ast.Name) and d.id == "property" for d in member.decorator_list
            ):
                _takes(there, member, bound=True)


@pytest.mark.parametrize("stub", STUBS, ids=lambda p: str(p.relative_to(TYPINGS)))
def test_the_library_has_what_its_stub_says(stub):
    module, tree = _module(stub), ast.parse(stub.read_text("utf-8"))
    classes = {c.name: c for c in tree.body if isinstance(c, ast.ClassDef)}
    for said in tree.body:
        if isinstance(said, ast.FunctionDef):
            _takes(getattr(module, said.name), said, bound=False)
        elif isinstance(said, ast.ClassDef) and not said.name.startswith("_"):
            kind = getattr(module, said.name)
            if said.bases:  # what has none is held through those that are derived from it
                _holds(kind((2, 3)), said, classes)
        elif isinstance(said, ast.AnnAssign) and isinstance(said.annotation, ast.Name):
            assert isinstance(said.target, ast.Name)
            if kind := classes.get(said.annotation.id):  # a value of the module
                _holds(getattr(module, said.target.id), kind, classes)
