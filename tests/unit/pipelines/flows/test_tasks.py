"""What a stage is handed beside its task's parameters, which Prefect keeps."""

import pytest

from errors import Exit
from pipelines.registers import ReadAhead

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
