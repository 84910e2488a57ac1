"""Fixtures of this folder; what they are made of stands in ``approvals_home``."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves it out

from approvals_home import make_home


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path)


@pytest.fixture
def demo_home(tmp_path):
    return make_home(tmp_path, demo=True)
