"""The wheel: everything of the tree that the program needs is in it, and an installation from it works alone."""

import json
import os
import shutil
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


def ran(*words: object, cwd: Path, **env: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DOJ_RELEASE", "PREFECT_", "PYTHON"))}  # fmt: skip
    done = subprocess.run([*map(str, words)], cwd=cwd, env=kept | env, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built in a copy of the tree, without a network: the tree's own compiled loops stay as they are."""
    copy = tmp_path_factory.mktemp("wheel") / "tree"
    copy.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyc")
    for name in (*PACKAGES, "docs", "deploy"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for path in ROOT.glob("*.*"):
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, copy)
    ran(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist", cwd=copy)
    (made,) = copy.glob("dist/*.whl")
    return made


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
