"""A process that waits for work: one of a kind, this process's own, and never one that was left at work."""

import os

import pytest

from systems.aside import Spare


@pytest.fixture
def spare():
    made = Spare("import time; time.sleep(60)")
    yield made
    made.end()


def _worked(spare):
    with spare.at_work() as one:
        one.idle = True
    return one


def test_one_is_begun_and_kept_from_one_piece_of_work_for_the_next(spare):
    spare.begin()
    begun = spare._waiting
    spare.begin()
    assert begun is not None
    assert [_worked(spare), _worked(spare)] == [begun, begun]


def test_of_two_at_work_at_once_one_is_kept_and_one_ends(spare):
    with spare.at_work() as first:
        second = _worked(spare)
        first.idle = True
    assert first is not second
    assert spare._waiting is second
    assert first._process.returncode is not None


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_what_was_left_at_work_ends(spare, error):
    try:
        with spare.at_work() as left:
            if error:
                raise error
    except KeyboardInterrupt:
        pass
    assert left._process.returncode is not None
    assert _worked(spare) is not left


def test_what_died_or_is_anothers_is_not_worked_with(spare, monkeypatch):
    died = _worked(spare)
    died._process.kill()
    died._process.wait()
    after = _worked(spare)
    assert after is not died
    monkeypatch.setattr(os, "getpid", lambda: after._owner + 1)  # as in a fork of this process
    assert _worked(spare) is not after
    monkeypatch.undo()
    assert after._process.poll() is None  # the fork ends nothing of ours
    after.end()


def test_what_waits_is_let_go(spare):
    waiting = _worked(spare)
    spare.end()
    assert waiting._process.returncode is not None
    assert _worked(spare) is not waiting
