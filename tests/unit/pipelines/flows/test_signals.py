"""A signal that a library kept to itself ends a flow as whoever hears it ends things."""

import os
import signal

import pytest

from pipelines import signals

pytestmark = pytest.mark.long  # importing Prefect

FLOWS = (("release", ["2026-001-R001"]), ("refresh", ["CARPOS"]), ("remind", []))


@pytest.fixture
def swallowed(monkeypatch):
    """Each flow's first step: a library hears SIGTERM, and raises what no one knows."""
    from pipelines.flows import flows

    def first(_named):
        os.kill(os.getpid(), signal.SIGTERM)
        signals.raise_if_stopped()
        pytest.fail("nobody noticed")

    monkeypatch.setattr(flows, "_own_home", first)


@pytest.mark.parametrize(("flow", "given"), FLOWS)
def test_in_a_worker_prefect_is_told_and_knows_a_cancellation(swallowed, flow, given):
    from prefect.exceptions import TerminationSignal

    from pipelines.flows import flows

    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with pytest.raises(TerminationSignal) as ended:
            getattr(flows, flow).fn(*given)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.signal == signal.SIGTERM


@pytest.mark.parametrize(("flow", "given"), FLOWS)
def test_in_a_command_it_is_the_commands(swallowed, flow, given):
    from pipelines.flows import flows

    said = []
    with pytest.raises(SystemExit) as ended, signals.orderly(lambda *what: said.append(what)):
        getattr(flows, flow).fn(*given)
    assert ended.value.code == 128 + signal.SIGTERM
    assert said == [(signal.SIGTERM, None)]


@pytest.mark.parametrize("flow", [flow for flow, _ in FLOWS])
def test_a_flow_goes_to_a_clusters_worker(flow):
    """With the context of each shard, prefect-dask sends the flow whose task it is."""
    import cloudpickle

    from pipelines.flows import flows

    sent = cloudpickle.loads(cloudpickle.dumps(getattr(flows, flow)))
    assert sent.name == flow
