"""A demonstration that is ended in the middle: the next one in the same folder begins as if there had been none."""

import signal
from contextlib import nullcontext
from pathlib import Path

import pytest

from errors import CodedError
from pipelines import demo
from pipelines.errors import DemoStopped
from pipelines.home import HomeExists, ReleaseHeld, locked
from pipelines.signals import Stopped


@pytest.fixture
def ended_by(monkeypatch: pytest.MonkeyPatch):
    """Demonstrate in a folder, until a step raises what is given."""

    def demonstrate(root: Path, error: BaseException) -> None:
        def step(*_: object) -> None:
            (root / "demo" / "source").mkdir()
            raise error

        monkeypatch.setattr(demo, "_register", step)
        monkeypatch.setattr(demo, "Orchestrator", lambda _: nullcontext())
        demo.demonstrate(root, records=200, cohort=10, report=lambda _: None)

    return demonstrate


def test_what_a_signal_ends_is_put_away(ended_by, tmp_path):
    for number in (signal.SIGINT, signal.SIGTERM):
        with pytest.raises(Stopped):
            ended_by(tmp_path / "home", Stopped(number))
        assert list((tmp_path / "home").iterdir()) == []


def test_what_a_machine_ends_is_put_away_by_the_next_one(ended_by, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(demo, "empty", lambda _: None)  # as after SIGKILL
        with pytest.raises(Stopped):
            ended_by(tmp_path, Stopped(signal.SIGKILL))
    assert (tmp_path / "demo" / "source").exists()
    with pytest.raises(Stopped):
        ended_by(tmp_path, Stopped(signal.SIGINT))
    assert list(tmp_path.iterdir()) == []


def test_what_a_step_refuses_stays_and_is_nobodys_to_remove(ended_by, tmp_path):
    with pytest.raises(CodedError):
        ended_by(tmp_path, DemoStopped())
    assert (tmp_path / "settings.toml").exists()
    with pytest.raises(HomeExists):
        ended_by(tmp_path, DemoStopped())


def test_one_that_is_being_made_is_left_alone(ended_by, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "unfinished").touch()
    with locked(tmp_path / "demo"), pytest.raises(ReleaseHeld):
        ended_by(tmp_path, DemoStopped())
    assert (tmp_path / "demo" / "unfinished").exists()
