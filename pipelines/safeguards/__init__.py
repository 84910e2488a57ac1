"""What must hold beside the gate's rules before anything is ordered, approved or handed over.

Settings by two people, the pins of an order, the clock, a witness outside. It knows no release beside its order's pins, and no
rule of the domain.
"""

from pipelines.safeguards.before import check_before, check_decision
from pipelines.safeguards.clock import check_clock
from pipelines.safeguards.in_force import (
    as_error,
    check_mapping,
    check_settings,
    confirm_change,
    confirm_setting,
    keep_first,
    overview,
    record_change,
    standing,
    unspoken,
)
from pipelines.safeguards.pins import Pins, check_pins, pins_of
from pipelines.safeguards.switches import (
    check_switches,
    less_cautious,
    override_setting,
    switch_overview,
)
from pipelines.safeguards.verified import (
    Verified,
    last_verified,
    verified_in_words,
    verify_and_note,
)
from pipelines.safeguards.witness import (
    check_witness,
    keep_checkpoint,
    notify_witness,
    verify_everything,
    witness_states,
)
