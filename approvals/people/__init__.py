"""Who acts: the operating system's user, mapped to a person by a file that only the administrator writes.

It knows roles, second persons, the settings that two of them change and the switches that they override. It never takes a person from an
option or an environment variable.
"""

from approvals.people.clock import accept_clock, confirm_clock, waiting_correction
from approvals.people.people import People, Person, acting_person, check_role, two_people_required
from approvals.people.rights import ENTRY, SERVICE, can_confirm, rights_of, stricter
from approvals.people.settings import (
    RECORDERS,
    SettingsState,
    Values,
    confirm_settings,
    confirmed_values,
    record_settings,
    settings_digest,
    settings_state,
)
from approvals.people.switches import (
    CONFIRMERS,
    check_switches_confirmed,
    confirm_switch,
    confirmed_switches,
    override_switch,
    recorded_switches,
    waiting_switches,
)
