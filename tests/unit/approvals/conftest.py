"""Fixtures of this folder; what they are made of stands in ``approvals_home`` and ``databases``."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves it out

from approvals_home import make_home
from databases import DATABASES, fresh_url


@pytest.fixture(params=DATABASES)
def url(request, tmp_path):
    """Where a new ledger goes, on each database."""
    place = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return fresh_url(request.param, tmp_path, place)


@pytest.fixture
def home(request, tmp_path):
    """A home; ``@on_each_database`` gives one on each."""
    kind = getattr(request, "param", "sqlite")
    place = request.getfixturevalue("postgres") if kind == "postgresql" else None
    return make_home(tmp_path, url=fresh_url(kind, tmp_path, place))


@pytest.fixture
def demo_home(tmp_path):
    return make_home(tmp_path, demo=True)


@pytest.fixture
def state(home):
    """A project with rows that the gate lets through."""
    return home.approved()


@pytest.fixture
def tables(home):
    """A project with tables that the gate lets through."""
    return home.approved("aggregated")
