"""A short run of every fuzzer, and that no place which parses bytes is without one."""

import ast
import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples import FULL
from tests.fuzz.mutating import mutated
from tests.fuzz.parsers import PARSERS
from tests.fuzz.running import run

ROOT = Path(__file__).parents[2]
ROOMS = ("approvals", "crypto", "expectations", "extracts", "matching", "pipelines", "systems")
# What turns bytes into something: of these modules, and by these names wherever they come from.
OF_MODULES = {
    "json": {"loads", "load"},
    "tomllib": {"loads", "load"},
    "pickle": {"loads", "load"},
    "yaml": {"safe_load", "load"},
    "bounded": {"toml", "json_of"},
    "csv": {"reader", "DictReader"},
    "zipfile": {"ZipFile"},
    "tarfile": {"open"},
    "pq": {"ParquetFile", "read_table", "read_schema", "read_metadata"},
    "ipc": {"open_stream", "open_file"},
    "asn1": {"decode_der"},
    "cbor": {"decode_from"},
    "email": {"message_from_bytes", "message_from_string"},
}  # fmt: skip
NAMES = {
    "load_workbook", "read_csv", "read_json", "model_validate_json", "fromstring", "iterparse", "read_string",
    "load_pem_x509_certificate", "load_pem_x509_certificates", "load_der_x509_certificate", "load_pem_public_key",
    "load_der_public_key", "load_pem_private_key", "load_der_private_key", "literal_eval", "unpack_archive",
}  # fmt: skip
ANY = re.compile("|".join([*NAMES, *(f"\\b{name}\\." for name in OF_MODULES)]))


def places() -> Iterator[str]:
    """Each function that parses, as ``file:function``."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text("utf-8")
            if not ANY.search(text):
                continue
            tree = ast.parse(text)
            for top in tree.body:
                inner = top.body if isinstance(top, ast.ClassDef) else [top]
                for one in inner:
                    if any(map(_parses, ast.walk(one))):
                        name = getattr(one, "name", "")
                        owner = f"{top.name}." if isinstance(top, ast.ClassDef) else ""
                        yield f"{path.relative_to(ROOT)}:{owner}{name}"


def _parses(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Name):
        return called.id in NAMES
    if not isinstance(called, ast.Attribute):
        return False
    owner = called.value
    module = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    return called.attr in NAMES or called.attr in OF_MODULES.get(module, ())


def test_every_place_that_parses_bytes_has_a_fuzzer_or_a_reason():
    listed = tomllib.loads(Path(__file__).with_name("places.toml").read_text("utf-8"))
    found = set(places())
    fuzzed, ours = listed["fuzzed"], listed["ours"]
    assert found - set(fuzzed) - set(ours) == set(), (
        "new: add a parser, or say whose bytes they are"
    )
    assert (set(fuzzed) | set(ours)) - found == set(), "gone"
    assert not set(fuzzed) & set(ours)
    assert set(fuzzed.values()) <= set(PARSERS)
    assert all(ours.values())


FEW = 20  # files in the whole suite


@pytest.mark.parametrize("name", PARSERS)
def test_near_a_valid_file_a_parser_answers_or_refuses(name):
    from hypothesis import settings

    files = len(PARSERS[name].seeds()) + FEW * settings().max_examples // FULL
    tried, found = run(name, random.Random(1), seconds=30, files=files)
    assert found == []
    assert tried


def test_a_valid_file_is_read():
    """Else the fuzzers would try what is refused at once."""
    for name in ("table", "cohort", "sheet", "cells", "codebook", "codebook in TOML", "application",
                 "people", "settings", "column map", "words", "model", "certificate", "signature", "passkey"):  # fmt: skip
        assert run(name, random.Random(1), seconds=30, files=1) == (1, [])


def test_the_same_seed_gives_the_same_bytes():
    seeds = PARSERS["codebook"].seeds()
    one, two = (mutated(seeds[0], random.Random(3), seeds) for _ in range(2))
    assert one == two != seeds[0]
