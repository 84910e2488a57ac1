"""Independent tables at once: the same patterns whatever the number of processes."""

import numpy as np
import pytest

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver import suppressor
from extracts.suppression.solver.suppressor import Job, suppress, suppress_all
from tests.unit.extracts.suppression.tables import from_leaves


def job(seed: int, most: int = 60) -> Job:
    rng = np.random.default_rng(seed)
    dims = [Dimension.flat(n, [f"{n}{i}" for i in range(5)]) for n in "ab"]
    return Job(from_leaves(dims, rng.integers(0, most, (5, 5))), SuppressionPolicy())


@pytest.mark.long  # two processes import the solver
def test_two_processes_find_what_one_finds(monkeypatch):
    monkeypatch.setattr(suppressor, "_WORTH_IT", 0)
    jobs = [job(seed) for seed in range(3)]
    published = []
    two = suppress_all(jobs, workers=2, progress=lambda *words: published.append(words))
    for one, pattern in zip(jobs, two, strict=True):
        alone = suppress(one.table, one.policy)
        assert (alone.hidden == pattern.hidden).all()
        assert alone.published().rows == pattern.published().rows
    assert published == [("tables", n, 3) for n in (1, 2, 3)]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_table_that_can_not_be_protected_stops_all(monkeypatch, workers):
    monkeypatch.setattr(suppressor, "_WORTH_IT", 0)
    monkeypatch.setattr(suppressor, "_one", _refuse)
    with pytest.raises(CannotProtectError):
        suppress_all([job(0), job(1)], workers=workers)


def _refuse(job: Job):
    raise CannotProtectError(cells=1)
