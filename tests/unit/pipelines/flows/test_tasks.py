"""What a flow is asked for, and what a stage is handed beside its task's parameters, which Prefect keeps."""

import pytest

from errors import Exit
from pipelines.registers import ReadAhead
from tests.in_process import run_here

pytestmark = pytest.mark.long  # importing Prefect


def test_every_stage_of_a_run_is_handed_what_the_run_reads_ahead(monkeypatch):
    from pipelines.flows import flows
    from pipelines.flows.states import ended

    handed = []
    stage = flows.TASKS["match"].fn

    def task(home, release, *, return_state):
        assert return_state
        return stage(home, release) or ended(Exit.DONE, "Done", "")

    monkeypatch.setattr(flows, "run_stage", lambda *given: handed.append(given[3]))
    monkeypatch.setitem(flows.TASKS, "match", task)
    with ReadAhead() as one, ReadAhead() as other, flows.observed():
        for ahead in (one, one, other):
            flows._call_as_task("home", "2026-001-R001", "match", ahead)
        assert handed == [one, one, other]


@pytest.mark.parametrize(
    ("flow", "given"),
    [
        ("release", {"order": "2026-999-R001"}),
        ("release", {"order": "2026-001-R001", "home": "/srv/another/home"}),
        ("refresh", {"system": "CARPOS", "project": "2026-999"}),
    ],
)
def test_what_nobody_ordered_is_refused_recorded_and_makes_nothing(
    monkeypatch, tmp_path, flow, given
):
    """Whoever has a server's password may ask for any parameters; a worker calls the flow with them in its home."""
    from pipelines.flows import flows

    home = tmp_path / "home"
    assert run_here("init", home=home).code == 0
    monkeypatch.setenv("DOJ_RELEASE_HOME", str(home))
    monkeypatch.setattr(flows, "name_upcoming", lambda: None)  # asks a server
    state = getattr(flows, flow).fn(**given)
    assert (state.name, state.type.value) == ("Refused", "CANCELLED")
    assert "FLOW-06" in state.message
    assert list((home / "runs").iterdir()) == []
    shown = run_here("ledger", "show", "--json", home=home).json
    told = [e["facts"] for e in shown if e["facts"].get("code") == "FLOW-06"]
    assert [f["step"] for f in told] == [f"flow.{flow}"]
