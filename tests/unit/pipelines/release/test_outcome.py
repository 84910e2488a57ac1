"""How a run ended is said once: nothing that is told of it afterwards changes it, and no other run's end is told for it."""

import contextlib
import json
import sys
import types
from datetime import date

import pytest

from errors import Exit
from pipelines import operations, signals
from pipelines.home import ReleaseHeld, lay_out
from pipelines.orchestration import launch
from pipelines.orchestration.errors import FlowFailed
from pipelines.release import metrics, run
from pipelines.release.orders import Order, make_run_folder, write_order

RELEASE = "2026-001-R001"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with one order whose stages have all been done."""
    made = lay_out(tmp_path / "home")
    make_run_folder(made, RELEASE)
    order = Order(
        release=RELEASE, project="2026-001", system="CARPOS", kind="aggregated",
        snapshot="CARPOS-20260101-001", ordered_on=date(2026, 1, 2), ordered_by="dana",
    )  # fmt: skip
    write_order(made, order)
    monkeypatch.setattr(run, "open_context", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(run, "_stages", lambda _: [])
    return made


def kept(home):
    return json.loads((home.runs / RELEASE / "outcome.json").read_text())["exit"]


def test_a_metrics_file_that_is_no_text_is_begun_anew(home):
    metrics.metrics_path(home).write_bytes(b"\xff\xfe\x00doj_release_runs_total")
    assert run.run_release(home, RELEASE).exit is Exit.DONE
    assert 'state="Released"} 1' in metrics.metrics_path(home).read_text()


@pytest.mark.parametrize("error", [ReleaseHeld(what="home"), ValueError("x"), PermissionError(13)])
def test_metrics_that_cant_be_written_change_nothing(home, monkeypatch, error):
    @contextlib.contextmanager
    def refused(*_places, **_options):
        raise error
        yield

    monkeypatch.setattr(metrics, "locked", refused)
    assert run.run_release(home, RELEASE).exit is Exit.DONE
    assert kept(home) == 0


def test_settings_that_broke_meanwhile_change_nothing(home):
    def report(_stage, _state):
        raise BrokenPipeError

    home.settings_file.write_text("[operations]\nlog = 3\n")
    outcome = run.run_release(home, RELEASE, progress=report)
    assert outcome.exit is Exit.INPUT  # it could not begin, and says so
    assert kept(home) == outcome.exit


def test_who_watches_a_run_does_not_change_it(home, monkeypatch):
    def report(_stage, _state):
        raise BrokenPipeError

    monkeypatch.setattr(run, "open_context", lambda *_: (_ for _ in ()).throw(ValueError))
    assert run.run_release(home, RELEASE, progress=report).exit is Exit.INTERNAL
    assert kept(home) == 1


def test_proposals_that_cant_be_read_leave_the_summary(home):
    reports = home.projects / "2026-001" / "reports" / RELEASE
    reports.mkdir(parents=True)
    (reports / "proposals.json").write_text("")
    body = run.summarise(home, run.run_release(home, RELEASE))
    assert body["state"] == "Released"
    assert "proposals" not in body


@pytest.mark.parametrize("before", ['{"exit": 0, "stage": "record", "error": null}', ""])
def test_a_flow_that_never_ran_is_not_told_by_the_run_before(home, monkeypatch, before):
    (home.runs / RELEASE / "outcome.json").write_text(before)
    flows = types.ModuleType("pipelines.flows")

    class Observer:
        def __init__(self, progress=None):
            self.outcome = None

    flows.RunObserver = Observer
    flows.observed = contextlib.nullcontext
    flows.release = lambda **_: None  # Prefect gave up before the flow's first line
    monkeypatch.setitem(sys.modules, "pipelines.flows", flows)
    monkeypatch.setattr(launch, "prepare", lambda _: None)
    monkeypatch.setenv("DOJ_RELEASE_HOME", str(home.root))
    with pytest.raises(FlowFailed):
        launch.launch_release(home, RELEASE, orchestrated=True, ready=lambda: None)


@pytest.mark.long
def test_a_page_that_cant_be_made_does_not_change_a_flows_end(home, monkeypatch):
    from pipelines.flows import flows

    def refused(*_):
        raise ConnectionError

    monkeypatch.setattr(flows, "publish_summary", refused)
    monkeypatch.setattr(flows, "Session", contextlib.nullcontext)
    monkeypatch.setattr(flows, "check_ordered", lambda *_: None)
    state = flows.release.fn(RELEASE, str(home.root))
    assert (state.name, state.is_completed()) == ("Released", True)


def test_an_address_that_takes_no_notice_changes_nothing_and_is_counted(home, capsys):
    (home.root / "hook").touch(0o600)
    (home.root / "hook").write_text("http://127.0.0.1:9/")
    home.settings_file.write_text(
        f'[operations]\nlog = "text"\n[notices]\nattempts = 1\nurl_file = "{home.root}/hook"\n'
    )
    for times in (1, 2):
        assert run.run_release(home, RELEASE).exit is Exit.DONE
        assert kept(home) == 0
        told = metrics.metrics_path(home).read_text()
        assert f"\ndoj_release_notices_untold_total {times * (times + 1) // 2}\n" in told
    assert "warning notice_waits release=2026-001-R001" in capsys.readouterr().err
    (first, _) = operations.waiting_notices(home)
    assert json.loads(first.read_text())["body"]["state"] == "Released"


def test_notices_under_settings_that_give_a_secret_away_change_nothing(home):
    (home.root / "hook").write_text("http://127.0.0.1:9/")
    (home.root / "hook").chmod(0o644)
    home.settings_file.write_text(f'[notices]\nurl_file = "{home.root}/hook"\n')
    assert run.run_release(home, RELEASE).exit is Exit.DONE
    assert "doj_release_notices_untold_total 1\n" in metrics.metrics_path(home).read_text()


def test_a_signal_that_prefect_answers_with_an_error_of_its_own_is_a_signal(home, monkeypatch):
    """It came while a task was begun, whose engine then has no state to set: ValueError, out of Stopped."""
    monkeypatch.setattr(run, "_stages", lambda _: [types.SimpleNamespace(name="extract")])
    monkeypatch.setattr(run, "_finished", lambda *_: False)
    monkeypatch.setattr(signals, "_asked", [])

    def begun(*_):
        signals._asked.append(2)
        raise ValueError("Task run is not set")

    with pytest.raises(signals.Stopped):
        run.run_release(home, RELEASE, call=begun)
    assert kept(home) == 130


def test_a_run_that_was_ended_by_force_says_so_unless_it_came_to_it_itself(home):
    run._record_forced_end(home, RELEASE, 15)
    said = json.loads((home.runs / RELEASE / "outcome.json").read_text())
    assert (said["exit"], said["state"], said["stage"]) == (143, "Interrupted", "gate")
    run._record_forced_end(home, RELEASE, 2)
    assert kept(home) == 143
