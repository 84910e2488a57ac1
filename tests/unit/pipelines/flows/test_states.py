"""What Prefect shows of how a run ended: names for people, types that are true."""

from datetime import UTC, datetime

import pytest

from errors import Exit

pytestmark = pytest.mark.long  # importing Prefect


@pytest.mark.parametrize(
    ("exit_", "name", "kind", "shown"),
    [
        (Exit.DONE, "Released", "COMPLETED", "Released"),
        (Exit.WAITING, "WaitingForReview", "PAUSED", "Waiting for review"),
        (Exit.WAITING, "WaitingForApproval", "PAUSED", "Waiting for approval"),
        (Exit.REFUSED, "Refused", "CANCELLED", "Refused"),
        (Exit.HELD, "Held", "CANCELLED", "Held"),
        (Exit.INTERNAL, "Interrupted", "CRASHED", "Interrupted"),
        (Exit.INTERNAL, "Broken", "FAILED", "Broken"),
        (Exit.FAILED, "ValidationFailed", "FAILED", "Validation failed"),
        (Exit.INTEGRITY, "IntegrityBroken", "FAILED", "Integrity broken"),
    ],
)
def test_a_state_has_the_type_that_is_true_of_it(exit_, name, kind, shown):
    from pipelines.flows.states import ended

    state = ended(exit_, name, "2026-001-R001 RUN-04")
    assert (state.type.value, state.name) == (kind, shown)
    assert state.message == "2026-001-R001 RUN-04"


def test_a_run_without_a_worker_can_not_be_resumed_into_nothing():
    from pipelines.flows.states import ended

    details = ended(Exit.WAITING, "WaitingForReview", "").state_details
    assert (details.pause_reschedule, bool(details.run_input_keyset)) == (False, True)
    of_task = ended(Exit.WAITING, "WaitingForReview", "", of_task=True).state_details
    assert not of_task.run_input_keyset


@pytest.mark.parametrize(
    ("flow", "given", "name"),
    [
        ("remind", {}, "letters of 2027-01-15"),
        ("refresh", {"system": ""}, "every system for all in force, years to 2026, 2027-01-15"),
        (
            "refresh",
            {"system": "CARPOS", "project": "2026-003"},
            "CARPOS for 2026-003, years to 2026, 2027-01-15",
        ),
    ],
)
def test_a_planned_run_says_what_it_is(flow, given, name):
    from pipelines.flows.names import run_name

    assert run_name(flow, given, datetime(2027, 1, 16, 3, tzinfo=UTC)) == name


@pytest.mark.parametrize("name", ["release", "refresh", "remind"])
def test_every_parameter_is_described_where_prefect_asks_for_it(name):
    from pipelines.flows import flows

    schema = getattr(flows, name).parameters.properties
    assert all(one.get("description") for one in schema.values()), schema
