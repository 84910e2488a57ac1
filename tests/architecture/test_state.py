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
