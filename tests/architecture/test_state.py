"""What a home or a run is comes as an argument: a process may have several open."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_patterns import ROOMS, ROOT

# These read of a system what the law says of it, to which no home adds: its record, kinds, conditions, words.
AS_INSTALLED = {
    "approvals/application/example.py",
    "approvals/letters/composing.py",
    "extracts/package/codebook.py",
    "extracts/package/dictionary.py",
    "extracts/package/documents.py",
    "pipelines/custody/letters.py",
    "pipelines/deployment/doctor/machine.py",
    "synthetic/registers/achs.py",
    "synthetic/registers/jcpss.py",
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in (p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))):
        yield str(Path(path).relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def test_a_systems_codes_columns_and_digest_are_read_as_the_home_has_them() -> None:
    found = {
        name
        for name, module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        and not name.startswith("systems/description/")
        and any(one.name == "load_system" for one in node.names)
    }
    assert found == AS_INSTALLED


# What a process keeps for itself, since it is the process's own and no home's or run's; each says why at its place.
OF_THE_PROCESS = {
    ("crypto/files.py", "_unfinished"),
    ("errors/__init__.py", "_registry"),
    ("expectations/judging/apart.py", "JUDGE"),
    ("pipelines/cluster/shards.py", "_loaded"),
    ("pipelines/flows/flows.py", "_observer"),
    ("pipelines/signals.py", "_asked"),
    ("pipelines/signals.py", "_heard"),
    ("pipelines/signals.py", "_if_forced"),
    ("pipelines/signals.py", "_noticing"),
    ("pipelines/signals.py", "_patience"),
    ("pipelines/signals.py", "_under_way"),
    ("systems/reader.py", "READER"),
}
_KEEPS = {"ContextVar", "Spare", "local", "WeakValueDictionary", "WeakKeyDictionary"}
_CHANGES = {
    "add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "insert", "pop",
    "popitem", "remove", "setdefault", "update", "__setitem__",
}  # fmt: skip


def _named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _changed(module: ast.Module) -> Iterator[str]:
    """Names whose object is changed in place, or that a function binds anew."""
    for node in ast.walk(module):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _CHANGES:
                yield _named(node.func.value)
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield _named(node.value)


def _kept(module: ast.Module) -> Iterator[str]:
    """Names of a module for what its functions change when they run."""
    bodies = [
        one
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for one in (node.body if isinstance(node.body, list) else [ast.Expr(node.body)])
    ]
    changed = set(_changed(ast.Module(bodies, []))) - {""}
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        call = node.value.func if isinstance(node.value, ast.Call) else None
        keeps = getattr(call, "id", getattr(call, "attr", "")) in _KEEPS
        names = {_named(one) for one in targets if isinstance(one, ast.expr)}
        yield from names if keeps else names & changed


def test_a_module_keeps_nothing_of_a_home_or_a_run() -> None:
    found = {(name, kept) for name, module in _modules() for kept in _kept(module)}
    assert found == OF_THE_PROCESS
