"""The wheel: everything of the tree that the program needs is in it, and an installation from it works alone."""

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.parts import missing

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
PACKAGES = sorted(p.parent.name for p in ROOT.glob("*/__init__.py") if p.parent.name not in {"docs", "tests", "benchmarks"})  # fmt: skip
# Prefect's own reader of prefect.yaml, and its loader of entrypoints, in the folder that was written.
LOADED = """
import json
from pathlib import Path
from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from prefect.flows import load_flow_from_entrypoint
from rich.console import Console
import pipelines
found, actions = _load_deploy_configs_and_actions(Path("prefect.yaml"), console=Console(stderr=True))
flows = {one["name"]: load_flow_from_entrypoint(one["entrypoint"]).name for one in found}
print(json.dumps([flows, pipelines.__file__]))
"""


class Elf:
    """What this test needs of a 64-bit little-endian ELF file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        assert data[:6] == b"\x7fELF\x02\x01"
        (start,), (size, count) = (
            struct.unpack_from("<Q", data, 32),
            struct.unpack_from("<HH", data, 54),
        )
        heads = [struct.unpack_from("<IIQQQQ", data, start + size * i) for i in range(count)]
        self.segments = {kind: flags for kind, flags, *_ in heads}
        _, _, at, _, _, length = next(h for h in heads if h[0] == 2)  # PT_DYNAMIC
        self.tags = dict(struct.iter_unpack("<qQ", data[at : at + length]))

    def dynamic(self, tag: int) -> int:
        return self.tags.get(tag, 0)


def ran(*words: object, cwd: Path, **env: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DOJ_RELEASE", "PREFECT_", "PYTHON"))}  # fmt: skip
    done = subprocess.run([*map(str, words)], cwd=cwd, env=kept | env, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def built(copy: Path, around=sorted, mask=0o022) -> Path:
    """A wheel of a copy of the tree, without a network: the tree's own compiled loops stay as they are."""
    copy.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyc")
    for name in around((*PACKAGES, "docs", "deploy")):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for path in around(ROOT.glob("*.*")):
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, copy)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    ran(
        "sh",
        "-c",
        f'umask {mask:o}; exec "$@"',
        "sh",
        *build,
        cwd=copy,
        SOURCE_DATE_EPOCH="1767225600",
    )
    (made,) = copy.glob("dist/*.whl")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("wheel") / "tree")


def test_two_builds_in_different_folders_are_the_same_bytes(wheel, tmp_path):
    again = built(
        tmp_path / "a longer name" / "elsewhere", lambda names: sorted(names)[::-1], 0o077
    )
    assert again.name == wheel.name
    ours, theirs = zipfile.ZipFile(wheel), zipfile.ZipFile(again)
    assert [n for n in ours.namelist() if ours.read(n) != theirs.read(n)] == []
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_brings_a_bill_of_materials_of_what_the_lock_pins(wheel):
    """CycloneDX where PEP 770 looks for it, and beside the wheel; read here with the lock's own text beside it."""
    archive = zipfile.ZipFile(wheel)
    (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/sboms/doj-release.cdx.json")]
    text = archive.read(name).decode()
    assert wheel.with_name("doj-release.cdx.json").read_text() == text
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["timestamp"] == "2026-01-01T00:00:00Z"
    libraries = [c for c in bill["components"] if c["type"] == "library"]
    lock = (ROOT / "requirements.lock").read_text()
    for one in libraries:
        (block,) = re.findall(rf"(?ms)^{re.escape(one['name'])}(?:\[[^]]*\])?=={re.escape(one['version'])} (.*?)^    # via", lock)  # fmt: skip
        assert [h["content"] for h in one["hashes"]] == re.findall(r"sha256:(\w+)", block)
        assert one["purl"] == one["bom-ref"] == f"pkg:pypi/{one['name']}@{one['version']}"
    assert len({c["bom-ref"] for c in bill["components"]}) == len(bill["components"])
    scopes = {c["name"]: c["scope"] for c in libraries}
    assert scopes["duckdb"] == "required"
    assert scopes["distributed"] == scopes["psycopg"] == "optional"
    assert scopes.keys().isdisjoint({"pytest", "hatchling", "recordlinkage"})
    assert sum("licenses" in c for c in libraries) > 0.8 * len(libraries)
    refs = {c["bom-ref"] for c in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {d for one in bill["dependencies"] for d in (one["ref"], *one["dependsOn"])} <= refs
    assert "://" not in text.replace("http://", "https://").replace("https://cyclonedx.org", "")
    if missing("cc") is None:
        digest = hashlib.sha256(archive.read("matching/native/_pairs.so")).hexdigest()
        (library,) = [c for c in bill["components"] if c["type"] == "file"]
        assert library["hashes"] == [{"alg": "SHA-256", "content": digest}]


@pytest.mark.skipif(sys.platform != "linux", reason="ELF")
@pytest.mark.machine("cc")
def test_the_compiled_library_is_hardened(wheel, tmp_path):
    """By the file itself: all bound before it runs and read-only then, no code on the stack, guards, checked copies, no path of the builder's."""
    library = tmp_path / "_pairs.so"
    library.write_bytes(zipfile.ZipFile(wheel).read("matching/native/_pairs.so"))
    elf = Elf(library.read_bytes())
    assert elf.dynamic(30) & 8  # DT_FLAGS: DF_BIND_NOW
    assert elf.dynamic(0x6FFFFFFB) & 1  # DT_FLAGS_1: DF_1_NOW
    assert 0x6474E552 in elf.segments  # PT_GNU_RELRO
    assert elf.segments[0x6474E551] & 1 == 0  # PT_GNU_STACK: not executable
    assert b"__stack_chk_fail\0" in elf.data
    assert re.search(rb"__mem(cpy|set|move)_chk\0", elf.data)
    assert str(wheel.parents[1]).encode() not in elf.data


def test_everything_is_in_it(wheel):
    tree = wheel.parents[1]
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {p.relative_to(tree).as_posix() for one in PACKAGES for p in (tree / one).rglob("*") if p.is_file()}  # fmt: skip
    assert wanted - names == set()
    assert {"approvals/errors.json", "systems/carpos.toml", "matching/native/pairs.c"} <= names
    files = "pipelines/deployment/files"
    assert {f"{files}/{n}" for n in ("prefect.yaml", "requirements.lock", "docs/operations.md", "deploy/Dockerfile")} <= names  # fmt: skip
    assert not [n for n in names if n.startswith(("tests", "docs", "benchmarks", f"{files}/docs/generate.py"))]  # fmt: skip
    if missing("cc") is None:
        assert "matching/native/_pairs.so" in names


def test_an_installation_from_it_works_alone(wheel, tmp_path):
    """Beside it only what the lock pins: the packages of this environment."""
    ran(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    ran(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    own = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (own / "locked.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    program = python.with_name("doj-release")
    assert ran(program, "--version", cwd=tmp_path).startswith("doj-release ")
    ran(program, "init", "--home", tmp_path / "home", cwd=tmp_path)
    assert (tmp_path / "home" / "settings.toml").is_file()

    out = tmp_path / "files"
    ran(program, "deployment", "files", "--out", out, cwd=tmp_path)
    assert (out / "docs" / "installing.md").read_text() == (ROOT / "docs" / "installing.md").read_text()  # fmt: skip
    told = ran(python, "-I", "-c", LOADED, cwd=out, PREFECT_HOME=str(tmp_path / "prefect"), DO_NOT_TRACK="1")  # fmt: skip
    flows, place = json.loads(told.splitlines()[-1])
    assert flows == {"release": "release", "refresh-aggregates": "refresh", "remind": "remind"}
    assert Path(place).is_relative_to(own)
