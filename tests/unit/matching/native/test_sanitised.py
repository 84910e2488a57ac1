"""The library once more under the compiler's address and behaviour sanitizers: whatever it reads or writes is its own."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from matching import __file__

pytestmark = [pytest.mark.machine("gcc"), pytest.mark.long]
FOLDER = Path(__file__).parent
LINKED = """
from tests.two_tables import link
from matching.native import compiled
from matching.options import LinkOptions
from matching.persons.register import resolve
from matching.linking.linking import table_source
from matching.persons.within_cohort import find_duplicates
from tests.unit.matching.tables import cohort, people, records

assert compiled() is not None
rows = people(600, 5)
odd = [rows[0] | {"first_name": "J\\u0301 o'Neil-de la Cruz III " * 9, "ssn": "0" * 40, "phone": "\\U0001f600"}, {}]
mine, theirs = cohort(*rows[:300], *odd, *rows[:2]), records(*rows[100:], *odd, *rows[50:150])
result = link(mine, theirs, LinkOptions(shard_rows=70))
split = link(mine, theirs, LinkOptions(shard_rows=70, block_cap=9))  # values that are too frequent
assert sum(rule["split"] for rule in split.report.rules) > 9
entries = theirs.append_column("group", theirs["record_id"].cast("int64"))
print(result.links.num_rows, find_duplicates(table_source(mine, "cohort")).num_rows, resolve(entries).num_rows)
"""


def compiler_file(name: str) -> str:
    """Where the compiler keeps a library."""
    asked = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    )
    return asked.stdout.strip()


def test_a_linkage_touches_nothing_that_is_not_its_own(tmp_path):
    copy = tmp_path / "matching"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    files = sorted(p for p in (copy / "native").iterdir() if p.suffix in (".c", ".h"))
    source = hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()[:16]
    units = [str(p) for p in files if p.suffix == ".c"]
    popcount = ["-mpopcnt"] if platform.machine() in ("x86_64", "AMD64") else []
    subprocess.run(
        ["gcc", "-O1", "-g", "-std=c11", "-ffp-contract=off", "-fPIC", "-shared", *popcount,
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-DSOURCE=0x{source}",
         "-o", str(copy / "native" / "_pairs.so"), *units],
        check=True,
    )  # fmt: skip
    environment = os.environ | {
        "LD_PRELOAD": f"{compiler_file('libasan.so')} {compiler_file('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0",  # Python itself has some
        "PYTHONPATH": f"{tmp_path}:{FOLDER.parent}",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", LINKED], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    links, alike, entries = map(int, done.stdout.split())
    assert links > 150
    assert alike >= 4
    assert entries > 500
