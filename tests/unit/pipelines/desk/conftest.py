"""A home with people of every role, and its desk."""

import shutil
from pathlib import Path

import pytest

from pipelines.deployment.init import init_home
from pipelines.desk.web import Desk
from tests.desk import desk_of

PEOPLE = {
    "erin-1": '"engineer"', "rory-1": '"reviewer"', "robin-1": '"reviewer"', "avery-1": '"approver"', "adi-1": '"administrator"',
    "sam-1": '"security"',
}  # fmt: skip
ENTRY = '[[person]]\nid = "{0}"\nname = "Name of {0}"\nuser = "u-{0}"\nroles = [{1}]\n'


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("desk") / "home"
    init_home(root)
    (root / "people.toml").write_text("\n".join(ENTRY.format(*one) for one in PEOPLE.items()))
    (root / "people.toml").chmod(0o600)
    return root


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "home")


@pytest.fixture
def desk(home: Path) -> Desk:
    return desk_of(home)
