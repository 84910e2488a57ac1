"""What is asked before anything is ordered, approved, released or handed over."""

from pipelines.safeguards.clock import check_clock
from pipelines.safeguards.in_force import as_error, check_settings
from pipelines.safeguards.pins import check_pins, recorded_pins
from pipelines.safeguards.switches import check_switches
from pipelines.safeguards.witness import check_witness
from pipelines.session import Session

# The stages after the approval compare it, too.
_HOW_ONE_APPROVES = frozenset({"release.approval_names_report"})


def check_before(session: Session) -> None:
    """Refuse to go on where nobody answers for the settings, the clock is wrong, or the ledger is not what a witness saw.

    Raises:
        WitnessDisagrees, WitnessUnavailable: see `check_witness`.
        ClockDiffers, AuthorityUnavailable: see `check_clock`.
        SwitchNotConfirmed: a setting is less cautious than its default, by nobody's word (exit 3).
        SettingsNotConfirmed: settings are others than those in force (exit 3).
    """
    check_switches(session)
    check_settings(session)
    check_witness(session)
    check_clock(session)


def check_decision(session: Session, release: str, *, out: bool = False) -> None:
    """The same before a person decides on a release, whose own settings are compared, too.

    A package that was sealed (``out``) may go although the settings are others now, where those are in force: two people
    changed them since.

    Raises:
        PinsBroken, SettingsChanged: see `check_pins` (exit 5).
        SwitchNotConfirmed, SettingsNotConfirmed: see `check_before`.
    """
    state = session.releases.show(release)
    pins = recorded_pins(session.home, release)
    if not out or as_error(session) is not None:
        check_pins(session, state.system, pins, state.pins, _HOW_ONE_APPROVES)
    check_before(session)
